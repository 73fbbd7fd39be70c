//! The commands on mail and their arguments.

use clap::{Args, Subcommand};
use vigie_kernel::Locale;

/// Commands on mail.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Sends a mail to try the settings, and tells what the server answered or which file was written
    ///
    /// Exit codes: 0 the server has it or the file is written, 1 it was not sent, 2 not an address.
    Test(MailTest),
}

/// Who gets it.
#[derive(Debug, Args)]
pub struct MailTest {
    /// E-mail address
    #[arg(long, value_name = "ADDRESS")]
    pub to: String,
    /// Language: `fr` or `en`
    #[arg(long, default_value = "en", value_parser = locale)]
    pub locale: Locale,
}

fn locale(text: &str) -> Result<Locale, String> {
    Locale::from_tag(text).ok_or_else(|| "fr or en".to_owned())
}

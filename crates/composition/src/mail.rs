//! Outgoing mail, out of the configuration.

use crate::StartError;
use crate::config::Config;
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use std::sync::Arc;
use url::Url;
use vigie_adapters::{CompiledTemplates, EmlMailer, Sender, SmtpMailer, SmtpOptions, SmtpServer};
use vigie_kernel::Clock;
use vigie_notifications::mail::{Mailer, PublicUrl, Templates};

/// Everything that a mail needs on its way out. Cloning shares it.
#[derive(Clone)]
pub struct Mail {
    /// Makes mails out of contents.
    pub templates: Arc<dyn Templates>,
    /// Sends them.
    pub mailer: Arc<dyn Mailer>,
    /// With what every link in them begins.
    pub links: PublicUrl,
}

impl Mail {
    /// The mail that is configured: through a server, or as files in the data folder.
    pub(crate) fn open(config: &Config, clock: &Arc<dyn Clock>) -> Result<Self, StartError> {
        let links = links(config)?;
        let mailer: Arc<dyn Mailer> = match &config.mail.url {
            Some(url) => Arc::new(smtp(config, url, clock)?),
            None => Arc::new(files(config, &links, clock)?),
        };
        Ok(Self { templates: Arc::new(CompiledTemplates), mailer, links })
    }
}

fn smtp(config: &Config, url: &SecretString, clock: &Arc<dyn Clock>) -> Result<SmtpMailer, StartError> {
    let server = SmtpServer::parse(url.expose_secret()).map_err(|error| setting("mail.url", error))?;
    let Some(from) = &config.mail.from else {
        return Err(setting("mail.from", "mail.url needs it: Vigie <no-reply@kpi.example.org>"));
    };
    if config.public_url.is_none() {
        return Err(setting("public_url", "mail.url needs it: links in mails begin with it"));
    }
    let authorities = config.mail.ca_file.as_deref().map(read).transpose()?;
    let options = SmtpOptions { authorities, ..SmtpOptions::default() };
    SmtpMailer::try_new(server, sender(from)?, &options, Arc::clone(clock))
        .map_err(|source| StartError::Part { what: "the certificates of mail.ca_file", source })
}

fn files(config: &Config, links: &PublicUrl, clock: &Arc<dyn Clock>) -> Result<EmlMailer, StartError> {
    if config.mail.ca_file.is_some() {
        return Err(setting("mail.ca_file", "it is of no use without mail.url"));
    }
    let sender = match &config.mail.from {
        Some(from) => sender(from)?,
        None => Sender::of_host(links.host()),
    };
    Ok(EmlMailer::new(config.data_dir.join("mail"), sender, Arc::clone(clock)))
}

/// Where people reach the product: what is configured, or else this machine, which is where the product listens then.
fn links(config: &Config) -> Result<PublicUrl, StartError> {
    let local = format!("http://localhost:{}", config.http.bind.port());
    let local = Url::parse(&local).map_err(|error| setting("http.bind", error))?;
    let url = config.public_url.as_ref().unwrap_or(&local);
    PublicUrl::try_new(url).map_err(|error| setting("public_url", error))
}

fn sender(from: &str) -> Result<Sender, StartError> {
    Sender::parse(from).map_err(|error| setting("mail.from", error))
}

fn read(file: &Path) -> Result<Vec<u8>, StartError> {
    std::fs::read(file).map_err(|source| StartError::Io {
        what: format!("mail.ca_file: {} cannot be read", file.display()),
        source,
    })
}

fn setting(key: &str, problem: impl std::fmt::Display) -> StartError {
    StartError::Setting(format!("{key}: {problem}"))
}

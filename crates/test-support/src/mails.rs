//! Reading mails.

use mailparse::{MailHeaderMap, ParsedMail, parse_mail};
use std::path::Path;

/// A mail as it came out.
#[derive(Clone, Debug)]
pub struct ReceivedMail {
    /// The sender of the envelope; empty for a file.
    pub from: String,
    /// The recipients of the envelope; empty for a file.
    pub recipients: Vec<String>,
    /// Whether it came through TLS.
    pub encrypted: bool,
    /// All of it.
    pub raw: Vec<u8>,
}

impl ReceivedMail {
    /// The `.eml` files of a folder by name, which is by time; none when there is no folder.
    pub fn in_folder(folder: &Path) -> Vec<Self> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "eml"));
        files.sort();
        files.iter().map(|file| Self::read(file)).collect()
    }

    /// One `.eml` file.
    pub fn read(file: &Path) -> Self {
        let raw = std::fs::read(file).unwrap();
        Self { from: String::new(), recipients: Vec::new(), encrypted: false, raw }
    }

    /// A header, decoded; `None` when it is not there.
    pub fn header(&self, name: &str) -> Option<String> {
        self.parsed().get_headers().get_first_value(name)
    }

    /// How many headers have that name.
    pub fn headers(&self, name: &str) -> usize {
        self.parsed().get_headers().get_all_values(name).len()
    }

    /// The subject, decoded.
    pub fn subject(&self) -> String {
        self.header("Subject").unwrap_or_default()
    }

    /// The `Message-ID` with its angle brackets.
    pub fn message_id(&self) -> String {
        self.header("Message-ID").expect("a mail has a Message-ID")
    }

    /// The text, decoded, with `\n` for line breaks.
    pub fn text(&self) -> String {
        self.part("text/plain")
    }

    /// The HTML, decoded, with `\n` for line breaks.
    pub fn html(&self) -> String {
        self.part("text/html")
    }

    /// The first link of the text.
    pub fn link(&self) -> String {
        let text = self.text();
        let link = text.lines().find(|line| line.starts_with("http://") || line.starts_with("https://"));
        link.unwrap_or_else(|| panic!("the mail has no link: {text}")).to_owned()
    }

    /// The token of that link.
    pub fn token(&self) -> String {
        let link = self.link();
        link.split_once("#token=").unwrap_or_else(|| panic!("the link {link} has no token")).1.to_owned()
    }

    fn part(&self, kind: &str) -> String {
        fn find(mail: &ParsedMail<'_>, kind: &str) -> Option<String> {
            if mail.ctype.mimetype == kind {
                return Some(mail.get_body().unwrap().replace("\r\n", "\n"));
            }
            mail.subparts.iter().find_map(|part| find(part, kind))
        }
        find(&self.parsed(), kind).unwrap_or_else(|| panic!("the mail has no part {kind}"))
    }

    fn parsed(&self) -> ParsedMail<'_> {
        parse_mail(&self.raw).unwrap()
    }
}

//! The templates of mails.
//!
//! They are compiled into the program with askama, so that a variable that is not there is an error of the build and nothing that
//! somebody wrote can ever be read as a template. What ends in `.html` is escaped, every variable of it; what ends in `.txt` is shown as
//! it is. There is no way past the escaping: no template uses `safe`.

mod views;
mod words;

use views::{Frame, Said};
use vigie_kernel::{BoxError, Locale};
use vigie_notifications::mail::{Branding, MailContent, RenderedMail, SubjectLine, TemplateError, Templates};

/// The templates that are compiled into the program.
#[derive(Clone, Copy, Debug, Default)]
pub struct CompiledTemplates;

impl Templates for CompiledTemplates {
    fn render(
        &self,
        content: &MailContent,
        locale: Locale,
        branding: &Branding,
    ) -> Result<RenderedMail, TemplateError> {
        let subject = SubjectLine::parse(&words::subject(content, locale))?;
        let frame = Frame::new(locale, &subject, words::preheader(content, locale), branding);
        let said = Said::new(content, locale);
        let broken = |error: askama::Error| TemplateError::Broken(BoxError::from(error));
        let (html, text) = views::render(content, locale, &frame, &said).map_err(broken)?;
        Ok(RenderedMail { subject, text: tidy(&text), html })
    }
}

/// Never more than one empty line, none at the beginning, one line break at the end: a paragraph that a condition left out leaves its
/// empty lines behind. The blank of the line `-- ` stays: by it programs know where the signature begins.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines() {
        let line = if line == "-- " { line } else { line.trim_end() };
        if !line.is_empty() || !empty {
            tidied.push_str(line);
            tidied.push('\n');
        }
        empty = line.is_empty();
    }
    tidied.truncate(tidied.trim_end().len());
    tidied.push('\n');
    tidied
}

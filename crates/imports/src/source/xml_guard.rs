//! Bounds on XML before a parser that buffers whole tokens reads it.

use crate::error::FileProblem;

/// The longest token (tag, text between tags, comment, CDATA section) of a workbook that is read.
const LONGEST: u64 = 1 << 20;
/// How much of a tag is looked at.
const LOOKED_AT: usize = 1024;

/// Watches the bytes of an XML member pass by.
#[derive(Debug, Default)]
pub(crate) struct XmlGuard {
    state: State,
    length: u64,
    tag: Vec<u8>,
    recent: [u8; 2],
    /// The largest number of shared strings that a tag promises.
    pub(crate) promised_strings: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    #[default]
    Text,
    Tag,
    Comment,
    Cdata,
}

impl XmlGuard {
    /// Looks at the next bytes.
    pub(crate) fn watch(&mut self, bytes: &[u8]) -> Result<(), FileProblem> {
        for byte in bytes {
            self.length += 1;
            match self.state {
                State::Text if *byte == b'<' => self.enter(State::Tag),
                State::Text => {}
                State::Tag => self.in_tag(*byte)?,
                State::Comment => {
                    if *byte == b'>' && self.recent == *b"--" {
                        self.enter(State::Text);
                    }
                }
                State::Cdata => {
                    if *byte == b'>' && self.recent == *b"]]" {
                        self.enter(State::Text);
                    }
                }
            }
            self.recent = [self.recent[1], *byte];
            if self.length > LONGEST {
                return Err(FileProblem::too_large("xml_token_bytes", LONGEST));
            }
        }
        Ok(())
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.length = 0;
        self.tag.clear();
    }

    fn in_tag(&mut self, byte: u8) -> Result<(), FileProblem> {
        if byte == b'>' {
            if self.tag.starts_with(b"!DOCTYPE") || self.tag.starts_with(b"!ENTITY") {
                return Err(FileProblem::damaged("a document type declaration is not allowed"));
            }
            self.look_at_tag();
            self.enter(State::Text);
            return Ok(());
        }
        if self.tag.len() < LOOKED_AT {
            self.tag.push(byte);
            if self.tag == b"!--" {
                self.enter(State::Comment);
                // The two hyphens of the opening do not close it.
                self.recent = [0, 0];
            } else if self.tag == b"![CDATA[" {
                self.enter(State::Cdata);
            } else if self.tag.starts_with(b"!D") && self.tag.len() > 2 {
                return Err(FileProblem::damaged("a document type declaration is not allowed"));
            }
        } else if is_shared_strings(&self.tag) {
            return Err(FileProblem::damaged("an oversized table of strings"));
        }
        Ok(())
    }

    /// The parser reserves as much memory as the table of strings promises, unread.
    fn look_at_tag(&mut self) {
        if !is_shared_strings(&self.tag) {
            return;
        }
        let text = String::from_utf8_lossy(&self.tag);
        for (at, name) in text.match_indices("uniqueCount") {
            let rest = text[at + name.len()..].trim_start().trim_start_matches('=').trim_start();
            let digits: String = rest.chars().skip(1).take_while(char::is_ascii_digit).collect();
            let promised = digits.parse().unwrap_or(u64::MAX);
            self.promised_strings = self.promised_strings.max(promised);
        }
    }
}

fn is_shared_strings(tag: &[u8]) -> bool {
    let name = tag.split(|b| b.is_ascii_whitespace() || *b == b'/').next().unwrap_or_default();
    name == b"sst" || name.ends_with(b":sst")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_xml_passes() {
        let mut guard = XmlGuard::default();
        guard.watch(b"<?xml version=\"1.0\"?><!-- a > b --><sst uniqueCount=\"12\"><si><![CDATA[a<b>]]></si></sst>").unwrap();
        assert_eq!(guard.promised_strings, 12);
    }

    #[test]
    fn entities_and_endless_tokens_are_refused() {
        let refused = |bytes: &[u8]| XmlGuard::default().watch(bytes).is_err();
        assert!(refused(b"<!DOCTYPE lolz [<!ENTITY lol \"lol\">]>"));
        assert!(refused(&vec![b'x'; 2 << 20]));
        let mut comment = b"<!--".to_vec();
        comment.extend(std::iter::repeat_n(*b"<a>", 1 << 20).flatten());
        assert!(refused(&comment));
    }
}

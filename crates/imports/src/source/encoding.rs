//! Finding out the encoding of a text file, and reading it as UTF-8.

use super::{Opened, Source};
use crate::error::FileProblem;
use crate::source::kind::unknown;
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::io::{Read, Seek, SeekFrom};

/// The encoding of a text file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextEncoding {
    encoding: &'static Encoding,
    mark: u64,
    /// Whether nothing but the failure of UTF-8 speaks for it.
    pub(crate) guessed: bool,
}

impl TextEncoding {
    /// The stable lower-case name, such as `windows-1252`.
    pub(crate) fn name(self) -> String {
        self.encoding.name().to_lowercase()
    }
}

const PIECE: usize = 64 << 10;

/// Byte order mark, else strict UTF-8 over the whole file, else Windows-1252.
pub(crate) fn encoding_of(source: &Source) -> Result<TextEncoding, FileProblem> {
    let mut reader = source.open()?;
    let mut head = Vec::with_capacity(3);
    reader.by_ref().take(3).read_to_end(&mut head)?;
    if let Some((encoding, mark)) = Encoding::for_bom(&head) {
        let known = [UTF_8, UTF_16LE, UTF_16BE].contains(&encoding);
        let mark = u64::try_from(mark).unwrap_or(0);
        if known {
            return Ok(TextEncoding { encoding, mark, guessed: false });
        }
    }
    reader.seek(SeekFrom::Start(0))?;
    let utf8 = scan(&mut reader)?;
    let encoding = if utf8 { UTF_8 } else { WINDOWS_1252 };
    Ok(TextEncoding { encoding, mark: 0, guessed: !utf8 })
}

/// Whether all of it is UTF-8. Text has no NUL.
fn scan(reader: &mut Opened) -> Result<bool, FileProblem> {
    let mut buffer = vec![0; PIECE];
    let mut kept = 0;
    let mut utf8 = true;
    loop {
        let Some(free) = buffer.get_mut(kept..) else { return Ok(false) };
        let read = reader.read(free)?;
        let filled = kept + read;
        let bytes = buffer.get(..filled).unwrap_or_default();
        if bytes.contains(&0) {
            return Err(unknown("binary"));
        }
        if read == 0 {
            return Ok(utf8 && kept == 0);
        }
        kept = 0;
        if !utf8 {
            continue;
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            if error.error_len().is_some() {
                utf8 = false;
            } else {
                let rest = error.valid_up_to()..filled;
                kept = rest.len();
                buffer.copy_within(rest, 0);
            }
        }
    }
}

/// Reads a file of any encoding as UTF-8.
pub(crate) struct Utf8Reader {
    inner: Opened,
    decoder: Option<Decoder>,
    input: Vec<u8>,
    from: usize,
    to: usize,
    ended: bool,
    finished: bool,
}

impl Utf8Reader {
    /// Opens the file after its byte order mark.
    pub(crate) fn open(source: &Source, encoding: TextEncoding) -> Result<Self, FileProblem> {
        let mut inner = source.open()?;
        inner.seek(SeekFrom::Start(encoding.mark))?;
        let plain = encoding.encoding == UTF_8;
        let decoder = (!plain).then(|| encoding.encoding.new_decoder_without_bom_handling());
        Ok(Self { inner, decoder, input: vec![0; PIECE], from: 0, to: 0, ended: false, finished: false })
    }
}

impl Read for Utf8Reader {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let Some(decoder) = &mut self.decoder else { return self.inner.read(out) };
        // The decoder needs room for one character at least.
        if out.len() < 16 {
            return Err(std::io::Error::other("buffer too small to decode into"));
        }
        if self.finished {
            return Ok(0);
        }
        loop {
            if self.from == self.to && !self.ended {
                self.to = self.inner.read(&mut self.input)?;
                self.from = 0;
                self.ended = self.to == 0;
            }
            let input = self.input.get(self.from..self.to).unwrap_or_default();
            let (result, read, written, _) = decoder.decode_to_utf8(input, out, self.ended);
            self.from += read;
            match result {
                CoderResult::OutputFull => return Ok(written),
                CoderResult::InputEmpty if written > 0 || self.ended => {
                    self.finished = self.ended;
                    return Ok(written);
                }
                CoderResult::InputEmpty => {}
            }
        }
    }
}

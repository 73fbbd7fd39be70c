use crate::mail::{Line, MAX_BODY, MAX_SUBJECT, Paragraphs, SubjectLine};
use vigie_kernel::FieldErrors;

fn code<T>(result: Result<T, FieldErrors>) -> Option<&'static str> {
    result.err().and_then(|errors| errors.as_slice().first().map(|error| error.code))
}

#[test]
fn a_line_is_one_line() {
    for bad in
        ["a\r\nBcc: b@c.fr", "a\n", "a\0b", "a\u{2028}b", "a\u{202e}gpj.exe", "a\u{2066}b", "a\tb", "\u{85}x"]
    {
        assert_eq!(code(Line::parse("name", bad)), Some("invalid_characters"), "{bad:?}");
        assert_eq!(code(SubjectLine::parse(bad)), Some("invalid_characters"), "{bad:?}");
    }
    assert_eq!(code(Line::parse("name", "  ")), Some("required"));
    assert_eq!(code(Line::parse("name", &"é".repeat(10_000))), Some("too_long"));
    assert_eq!(Line::parse("name", " <script>{{7*7}} ").unwrap().as_str(), "<script>{{7*7}}");
    // Marks that right-to-left names need.
    assert!(Line::parse("name", "\u{200f}שרה").is_ok());
}

#[test]
fn a_subject_has_200_characters_at_most() {
    assert!(SubjectLine::parse(&"é".repeat(MAX_SUBJECT)).is_ok());
    assert_eq!(code(SubjectLine::parse(&"é".repeat(MAX_SUBJECT + 1))), Some("too_long"));
}

#[test]
fn a_line_is_shortened_by_characters() {
    let line = Line::parse("name", "Société des étangs").unwrap();
    assert_eq!(line.shortened(18), "Société des étangs");
    assert_eq!(line.shortened(12), "Société des…");
}

#[test]
fn paragraphs_keep_their_lines() {
    let text = Paragraphs::parse("body", "Un\r\n\r\nDeux\n").unwrap();
    assert_eq!(text.lines().collect::<Vec<_>>(), ["Un", "", "Deux"]);
    assert!(Paragraphs::parse("body", &"x".repeat(MAX_BODY)).is_ok());
    assert_eq!(code(Paragraphs::parse("body", &"x".repeat(MAX_BODY + 1))), Some("too_long"));
    for bad in ["a\rb", "a\0b", "a\u{202e}b", "a\u{1b}[2J"] {
        assert_eq!(code(Paragraphs::parse("body", bad)), Some("invalid_characters"), "{bad:?}");
    }
}

use super::support::*;
use crate::*;
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const TYPES: &str =
    "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>";

fn container(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn refusal(bytes: Vec<u8>) -> (IssueCode, String) {
    let problem = with(vec![kpi("A")]).try_read(bytes).unwrap_err();
    (problem.code, problem.to_string())
}

#[test]
fn a_bomb_is_refused_by_its_ratio() {
    let sheet = b"<row></row>".repeat(3 << 20);
    let (code, text) =
        refusal(container(&[("[Content_Types].xml", TYPES.into()), ("xl/worksheets/sheet1.xml", sheet)]));
    assert_eq!(code, IssueCode::FileTooLarge, "{text}");
    assert!(text.contains("zip_ratio"), "{text}");
}

#[test]
fn too_many_members_are_refused_before_they_are_listed() {
    let names: Vec<String> = (0..1_001).map(|n| format!("m{n}.xml")).collect();
    let mut members: Vec<(&str, Vec<u8>)> = vec![("[Content_Types].xml", TYPES.into())];
    members.extend(names.iter().map(|name| (name.as_str(), b"<a/>".to_vec())));
    let (code, text) = refusal(container(&members));
    assert_eq!(code, IssueCode::FileTooLarge);
    assert!(text.contains("zip_entries"), "{text}");
}

#[test]
fn a_table_of_strings_cannot_promise_what_it_does_not_hold() {
    let strings = b"<?xml version=\"1.0\"?><sst uniqueCount=\"99999999999\"></sst>".to_vec();
    let (code, _) =
        refusal(container(&[("[Content_Types].xml", TYPES.into()), ("xl/sharedStrings.xml", strings)]));
    assert_eq!(code, IssueCode::FileDamaged);
}

#[test]
fn entities_are_refused() {
    let book = b"<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY a \"aaaa\">]><workbook/>".to_vec();
    let (code, _) = refusal(container(&[("[Content_Types].xml", TYPES.into()), ("xl/workbook.xml", book)]));
    assert_eq!(code, IssueCode::FileDamaged);
}

#[test]
fn other_kinds_are_told_by_name() {
    let opendocument = container(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet".to_vec())]);
    let xlsb = container(&[("[Content_Types].xml", TYPES.into()), ("xl/workbook.bin", vec![1])]);
    for (bytes, name) in [
        (opendocument, "OpenDocument"),
        (xlsb, "XLSB"),
        (b"%PDF-1.7".to_vec(), "PDF"),
        (b"<html><table>".to_vec(), "HTML"),
        (b"{\"a\": 1}".to_vec(), "JSON"),
        (b"a\0b".to_vec(), "binary"),
        (container(&[("a.txt", b"a".to_vec())]), "zip"),
    ] {
        let (code, text) = refusal(bytes);
        assert_eq!(code, IssueCode::FileKindUnknown, "{name}");
        assert!(text.contains(name), "{text}");
    }
    assert_eq!(refusal(Vec::new()).0, IssueCode::FileEmpty);
    assert_eq!(refusal(b" \n \n".to_vec()).0, IssueCode::FileEmpty);
}

#[test]
fn limits_are_kept() {
    let csv = "kpi;date;value\nA;2026-01;1\nA;2026-02;2\n";
    let limited = |limits| Setup { limits, ..with(vec![kpi("A")]) }.refusal(csv);
    assert_eq!(limited(Limits { upload_bytes: 10, ..Limits::default() }), IssueCode::FileTooLarge);
    assert_eq!(limited(Limits { cells: 1, ..Limits::default() }), IssueCode::FileTooLarge);
    assert_eq!(limited(Limits { columns: 1, ..Limits::default() }), IssueCode::FileTooLarge);
}

/// A compound file with one stream in ordinary sectors, which is all that these tests need.
fn compound(name: &str, content: &[u8]) -> Vec<u8> {
    let mut stream = content.to_vec();
    stream.resize(content.len().max(4096).next_multiple_of(512), 0);
    let sectors = u32::try_from(stream.len() / 512).unwrap();
    let mut head = vec![0_u8; 512];
    head[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    head[24..34].copy_from_slice(&[0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]);
    head[44..48].copy_from_slice(&1_u32.to_le_bytes());
    head[48..52].copy_from_slice(&1_u32.to_le_bytes());
    head[56..60].copy_from_slice(&4096_u32.to_le_bytes());
    head[60..64].copy_from_slice(&0xFFFF_FFFE_u32.to_le_bytes());
    head[68..72].copy_from_slice(&0xFFFF_FFFE_u32.to_le_bytes());
    head[76..512].fill(0xff);
    head[76..80].copy_from_slice(&0_u32.to_le_bytes());
    // Sector 0 is the table, 1 the directory, the stream follows.
    let mut table = vec![0xFFFF_FFFD_u32, 0xFFFF_FFFE];
    table.extend((0..sectors).map(|n| if n + 1 == sectors { 0xFFFF_FFFE } else { n + 3 }));
    table.resize(128, 0xFFFF_FFFF);
    let entry = |name: &str, kind: u8, start: u32, size: usize| {
        let mut entry = vec![0_u8; 128];
        let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry[..units.len()].copy_from_slice(&units);
        entry[64..66].copy_from_slice(&u16::try_from(units.len() + 2).unwrap().to_le_bytes());
        entry[66] = kind;
        entry[116..120].copy_from_slice(&start.to_le_bytes());
        entry[120..124].copy_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
        entry
    };
    let mut file = head;
    file.extend(table.iter().flat_map(|id| id.to_le_bytes()));
    file.extend(entry("Root Entry", 5, 0xFFFF_FFFE, 0));
    file.extend(entry(name, 2, 2, stream.len()));
    file.extend(vec![0; 256]);
    file.extend(stream);
    file
}

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut record = kind.to_le_bytes().to_vec();
    record.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
    record.extend(data);
    record
}

#[test]
fn encrypted_workbooks_are_told() {
    assert_eq!(refusal(compound("EncryptedPackage", b"secret")).0, IssueCode::FileEncrypted);
    let protected = record(0x002F, &[1, 0, 1, 0, 1, 0]);
    assert_eq!(refusal(compound("Workbook", &protected)).0, IssueCode::FileEncrypted);
    assert_eq!(refusal(compound("Contents", b"?")).0, IssueCode::FileKindUnknown);
}

#[test]
fn an_old_workbook_cannot_promise_a_huge_sheet() {
    let mut dimensions = vec![0; 14];
    dimensions[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    dimensions[10..12].copy_from_slice(&255_u16.to_le_bytes());
    let stream = [record(0x0809, &[0, 6, 5, 0]), record(0x0200, &dimensions)].concat();
    assert_eq!(refusal(compound("Workbook", &stream)).0, IssueCode::FileTooLarge);
    let corner = |row: u16, column: u16| {
        let mut cell = [row.to_le_bytes(), column.to_le_bytes(), [0, 0]].concat();
        cell.extend(1.0_f64.to_le_bytes());
        record(0x0203, &cell)
    };
    let far = [record(0x0809, &[0, 6, 16, 0]), corner(0, 0), corner(65_535, 255)].concat();
    assert_eq!(refusal(compound("Workbook", &far)).0, IssueCode::FileTooLarge);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
        let _ = with(vec![kpi("A")]).try_read(bytes);
    }

    #[test]
    fn any_damage_to_a_workbook_is_answered(at in 0_usize..4_000, byte in proptest::num::u8::ANY) {
        let mut book = rust_xlsxwriter::Workbook::new();
        book.add_worksheet().write_string(0, 0, "kpi").unwrap();
        let mut bytes = book.save_to_buffer().unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = with(vec![kpi("A")]).try_read(bytes);
    }

    #[test]
    fn any_damage_to_a_compound_file_is_answered(at in 0_usize..2_000, byte in proptest::num::u8::ANY) {
        let mut bytes = compound("Workbook", &record(0x0809, &[0, 6, 5, 0]));
        bytes[at] = byte;
        let _ = with(vec![kpi("A")]).try_read(bytes);
    }
}

#[test]
fn a_file_on_disk_reads_like_bytes() {
    let csv = "kpi;date;value\nA;2026-01;1\n";
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(csv.as_bytes()).unwrap();
    let source = Source::File(file.path().to_owned(), None);
    let catalogue = std::sync::Arc::new(KpiCatalogue::new(vec![kpi("A")]));
    let locale = vigie_kernel::Locale::Fr;
    let options = ImportOptions::default();
    let prepared = Prepared::open(&source, "a.csv", options, catalogue, locale, &Limits::default()).unwrap();
    assert_eq!((prepared.total(), prepared.cells(), prepared.kind()), (1, 1, FileKind::Csv));
}

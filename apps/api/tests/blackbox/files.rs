//! Files to import, made here.

use rust_xlsxwriter::{Workbook, Worksheet};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

/// The text in Windows-1252, in which French spreadsheets save CSV.
pub(crate) fn windows_1252(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| match c {
            '€' => 0x80,
            '’' => 0x92,
            '–' => 0x96,
            'œ' => 0x9c,
            c => u8::try_from(u32::from(c)).unwrap(),
        })
        .collect()
}

/// A cell of a workbook.
pub(crate) enum Cell {
    Text(&'static str),
    Number(f64),
}

/// A workbook whose first sheet has no table, as statistical offices make them, and whose second one has these rows.
pub(crate) fn workbook(sheet: &str, rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut book = Workbook::new();
    let notes = book.add_worksheet().set_name("Notes").unwrap();
    notes.write_string(0, 0, "See the other sheet.").unwrap();
    write_rows(book.add_worksheet().set_name(sheet).unwrap(), rows);
    book.save_to_buffer().unwrap()
}

fn write_rows(sheet: &mut Worksheet, rows: &[Vec<Cell>]) {
    for (row, cells) in (0_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Text("") => {}
                Cell::Text(text) => _ = sheet.write_string(row, column, *text).unwrap(),
                Cell::Number(number) => _ = sheet.write_number(row, column, *number).unwrap(),
            }
        }
    }
}

/// A zip container of those members.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What an office suite writes for a workbook with a password: a compound file that holds an encrypted package.
pub(crate) fn encrypted_workbook() -> Vec<u8> {
    const FREE: u32 = 0xFFFF_FFFF;
    const END: u32 = 0xFFFF_FFFE;
    const FAT: u32 = 0xFFFF_FFFD;
    let mut file = vec![0_u8; 512];
    file[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    for (at, word) in [(24, 0x3e_u16), (26, 3), (28, 0xfffe), (30, 9), (32, 6)] {
        file[at..at + 2].copy_from_slice(&word.to_le_bytes());
    }
    // One sector of allocations, then the directory from sector 1; no small streams, no further lists.
    for (at, number) in [(44, 1_u32), (48, 1), (56, 4096), (60, END), (68, END), (76, 0)] {
        file[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    file[80..].fill(0xff);
    let allocations = [FAT, END].into_iter().chain(std::iter::repeat(FREE));
    file.extend(allocations.take(128).flat_map(u32::to_le_bytes));
    let entries = [
        ("Root Entry", 5_u8, 1_u32),
        ("EncryptionInfo", 2, FREE),
        ("EncryptedPackage", 2, FREE),
        ("", 0, FREE),
    ];
    for (name, kind, child) in entries {
        let mut entry = vec![0_u8; 128];
        let units: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        entry[..units.len()].copy_from_slice(&units);
        entry[64..66].copy_from_slice(&u16::try_from(units.len()).unwrap().to_le_bytes());
        (entry[66], entry[67]) = (kind, 1);
        let right = if name == "EncryptionInfo" { 2 } else { FREE };
        for (at, number) in [(68, FREE), (72, right), (76, child), (116, END)] {
            entry[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        file.extend(entry);
    }
    file
}

//! Finding the table: the sheet and the header's row.

use crate::catalogue::KpiCatalogue;
use crate::code::IssueCode;
use crate::error::FileProblem;
use crate::options::{ImportOptions, SheetChoice};
use crate::plan::{Head, Plan, Recognition};
use crate::row_check::Missing;
use crate::source::{Book, Row, SheetInfo};
use std::ops::ControlFlow;

/// Rows among which the header is looked for.
const HEADER_ROWS: usize = 30;
/// Rows below a header that tell what its columns hold.
const SAMPLE_ROWS: usize = 12;

/// What finding a table needs beside the file.
pub(crate) struct Search<'s> {
    pub(crate) options: &'s ImportOptions,
    pub(crate) catalogue: &'s KpiCatalogue,
    pub(crate) missing: &'s Missing,
    pub(crate) file_name: &'s str,
}

/// The sheet and the plan of the first table.
pub(crate) fn find_table(book: &mut Book, search: &Search<'_>) -> Result<(usize, Plan), FileProblem> {
    let sheets = book.sheets();
    let mut first_problem = None;
    let mut has_content = false;
    for index in chosen_sheets(&sheets, search.options)? {
        let rows = first_rows(book, index, search.options.header_row)?;
        has_content |= !rows.is_empty();
        match table_in(&rows, search) {
            Ok(plan) => return Ok((index, plan)),
            Err(None) => {}
            Err(Some(problem)) => {
                let name = sheets.get(index).map_or("", |sheet| sheet.name.as_str());
                let problem = if name.is_empty() { problem } else { problem.with("sheet", name) };
                first_problem.get_or_insert(problem);
            }
        }
    }
    Err(match first_problem {
        Some(problem) => problem,
        None if has_content => FileProblem::new(IssueCode::HeaderNotFound).with("missing", "header"),
        None => FileProblem::new(IssueCode::FileEmpty),
    })
}

/// The sheet that the options name, or every visible one.
fn chosen_sheets(sheets: &[SheetInfo], options: &ImportOptions) -> Result<Vec<usize>, FileProblem> {
    let found = match &options.sheet {
        None => {
            return Ok((0..sheets.len())
                .filter(|index| sheets.get(*index).is_some_and(|sheet| !sheet.hidden))
                .collect());
        }
        Some(SheetChoice::Number(number)) => usize::try_from(*number)
            .ok()
            .and_then(|number| number.checked_sub(1))
            .filter(|index| *index < sheets.len()),
        Some(SheetChoice::Name(name)) => {
            let wanted = name.trim().to_lowercase();
            sheets.iter().position(|sheet| sheet.name.trim().to_lowercase() == wanted)
        }
    };
    let names = || sheets.iter().map(|sheet| sheet.name.as_str()).collect::<Vec<_>>().join(", ");
    let wanted = || match &options.sheet {
        Some(SheetChoice::Name(name)) => name.clone(),
        Some(SheetChoice::Number(number)) => number.to_string(),
        None => String::new(),
    };
    let missing =
        || FileProblem::new(IssueCode::SheetNotFound).with("sheet", wanted()).with("sheets", names());
    found.map(|index| vec![index]).ok_or_else(missing)
}

fn first_rows(book: &mut Book, sheet: usize, header_row: Option<u32>) -> Result<Vec<Row>, FileProblem> {
    let mut rows: Vec<Row> = Vec::new();
    let mut below = 0;
    let _ = book.rows(sheet, &mut |row| {
        rows.push(row.clone());
        let enough = if let Some(header) = header_row {
            below += usize::from(row.number > header);
            below >= SAMPLE_ROWS
        } else {
            rows.len() >= HEADER_ROWS + SAMPLE_ROWS
        };
        Ok(if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(rows)
}

/// The plan of the first row that is a whole header; else the first problem of one that nearly is.
fn table_in(rows: &[Row], search: &Search<'_>) -> Result<Plan, Option<FileProblem>> {
    let mut first_problem = None;
    for (index, header) in rows.iter().enumerate() {
        let wanted = match search.options.header_row {
            Some(row) => row == header.number,
            None => index < HEADER_ROWS,
        };
        if !wanted {
            continue;
        }
        let below = rows.get(index + 1..).unwrap_or_default();
        let head = Head {
            header,
            above: index.checked_sub(1).and_then(|above| rows.get(above)),
            below: below.get(..SAMPLE_ROWS).unwrap_or(below),
            options: search.options,
            catalogue: search.catalogue,
            missing: search.missing,
            file_name: search.file_name,
        };
        if search.options.header_row.is_none() && !is_header(&head) {
            continue;
        }
        match head.plan() {
            Ok(plan) => return Ok(plan),
            Err(problem) => {
                first_problem.get_or_insert(problem);
            }
        }
    }
    Err(first_problem)
}

fn is_header(head: &Head<'_>) -> bool {
    let Recognition { names, periods, numbers } = head.recognition();
    if numbers > 0 {
        return false;
    }
    match names {
        0 => periods >= 2 && head.has_kpis_below(),
        1 => periods >= 2 || head.has_periods_below(),
        2.. => true,
    }
}

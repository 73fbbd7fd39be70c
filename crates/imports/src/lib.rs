//! Readers of CSV and spreadsheets, layout detection, mapping, row reports and import runs.

//! The one table of codes and messages of the report, in French and English.

use serde::{Deserialize, Serialize};
use vigie_kernel::Locale;

macro_rules! issue_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $fr:literal, $en:literal;)+) => {
        /// What is wrong with a file, a column, a row or a cell.
        ///
        /// In reports the name is upper case (`NUMBER_INVALID`); as the code of an answer it is lower case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum IssueCode {
            $($(#[$doc])* #[serde(rename = $text)] $name),+
        }

        impl IssueCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable upper-case name, as in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The message with its `{placeholders}`.
            pub(crate) const fn template(self, locale: Locale) -> &'static str {
                match (self, locale) {
                    $((Self::$name, Locale::Fr) => $fr, (Self::$name, Locale::En) => $en,)+
                }
            }
        }
    };
}

issue_codes! {
    /// The bytes are no CSV text, XLSX or XLS workbook.
    FileKindUnknown = "FILE_KIND_UNKNOWN",
        "le fichier n'est ni un CSV, ni un classeur XLSX ou XLS ({found})",
        "the file is neither a CSV nor an XLSX or XLS workbook ({found})";
    /// The workbook is protected by a password.
    FileEncrypted = "FILE_ENCRYPTED",
        "le fichier est protégé par un mot de passe ; retirez la protection et recommencez",
        "the file is protected by a password; remove the protection and try again";
    /// A limit of size is exceeded.
    FileTooLarge = "FILE_TOO_LARGE",
        "le fichier dépasse une limite : {limit} (au plus {max})",
        "the file exceeds a limit: {limit} (at most {max})";
    /// There is no cell with a content.
    FileEmpty = "FILE_EMPTY", "le fichier est vide", "the file is empty";
    /// The container or its content cannot be read.
    FileDamaged = "FILE_DAMAGED",
        "le fichier est endommagé : {reason}", "the file is damaged: {reason}";
    /// No row names the columns, or a needed column has no name.
    HeaderNotFound = "HEADER_NOT_FOUND",
        "aucune ligne d'en-tête utilisable : il manque {missing}",
        "no usable header row: {missing} is missing";
    /// Two columns claim the same meaning.
    HeaderAmbiguous = "HEADER_AMBIGUOUS",
        "plusieurs colonnes pour {field} : {columns} ; choisissez-en une par les options",
        "several columns for {field}: {columns}; choose one by the options";
    /// No sheet of that name or number.
    SheetNotFound = "SHEET_NOT_FOUND",
        "la feuille « {sheet} » n'existe pas ; le fichier contient : {sheets}",
        "there is no sheet \"{sheet}\"; the file has: {sheets}";
    /// No KPI of that code or name.
    KpiUnknown = "KPI_UNKNOWN",
        "aucun indicateur ne correspond à « {raw} » ; les plus proches : {suggestions}",
        "no KPI matches \"{raw}\"; the nearest are: {suggestions}";
    /// Several KPIs of that name.
    KpiAmbiguous = "KPI_AMBIGUOUS",
        "plusieurs indicateurs s'appellent « {raw} » ({candidates}) ; utilisez le code",
        "several KPIs are named \"{raw}\" ({candidates}); use the code";
    /// The caller may not write to the KPI.
    KpiForbidden = "KPI_FORBIDDEN",
        "vous n'avez pas le droit d'écrire dans l'indicateur {kpi_code}",
        "you may not write to the KPI {kpi_code}";
    /// The KPI is archived.
    KpiArchived = "KPI_ARCHIVED",
        "l'indicateur {kpi_code} est archivé", "the KPI {kpi_code} is archived";
    /// The KPI is computed.
    KpiIsFormula = "KPI_IS_FORMULA",
        "l'indicateur {kpi_code} est calculé, il ne se saisit pas",
        "the KPI {kpi_code} is computed and takes no values";
    /// The text or number is no period.
    PeriodInvalid = "PERIOD_INVALID",
        "« {raw} » n'est pas une période", "\"{raw}\" is not a period";
    /// The two dates are not the first and the last of one period.
    PeriodBoundsMismatch = "PERIOD_BOUNDS_MISMATCH",
        "les dates « {raw} » ne sont pas les bornes d'une période ; attendu : {start} à {end}",
        "the dates \"{raw}\" are not the bounds of a period; expected {start} to {end}";
    /// The period is of another frequency than the KPI.
    PeriodFrequencyMismatch = "PERIOD_FREQUENCY_MISMATCH",
        "« {raw} » est une période {given}, l'indicateur {kpi_code} attend {wanted}",
        "\"{raw}\" is a {given} period, the KPI {kpi_code} wants {wanted}";
    /// The period begins after today.
    PeriodInFuture = "PERIOD_IN_FUTURE",
        "la période {period} commence dans le futur", "the period {period} begins in the future";
    /// The period begins before the KPI's first one.
    PeriodBeforeStart = "PERIOD_BEFORE_START",
        "la période {period} précède le début de l'indicateur {kpi_code}",
        "the period {period} is before the first one of the KPI {kpi_code}";
    /// The period is after the KPI's last one.
    PeriodAfterEnd = "PERIOD_AFTER_END",
        "la période {period} suit la fin de l'indicateur {kpi_code}",
        "the period {period} is after the last one of the KPI {kpi_code}";
    /// The period is closed.
    PeriodLocked = "PERIOD_LOCKED", "la période {period} est clôturée", "the period {period} is closed";
    /// Day and month cannot be told apart.
    DateAmbiguous = "DATE_AMBIGUOUS",
        "« {raw} » : le jour et le mois ne se distinguent pas dans cette colonne",
        "\"{raw}\": day and month cannot be told apart in this column";
    /// The cell is no number.
    NumberInvalid = "NUMBER_INVALID", "« {raw} » n'est pas un nombre", "\"{raw}\" is not a number";
    /// The decimal separator cannot be told.
    NumberAmbiguous = "NUMBER_AMBIGUOUS",
        "« {raw} » : le séparateur décimal est ambigu", "\"{raw}\": the decimal separator is ambiguous";
    /// More than 18 digits before the decimal separator.
    NumberOutOfRange = "NUMBER_OUT_OF_RANGE",
        "« {raw} » dépasse 18 chiffres avant la virgule",
        "\"{raw}\" has more than 18 digits before the decimal point";
    /// The spreadsheet shows an error there.
    CellError = "CELL_ERROR",
        "la cellule contient l'erreur {raw}", "the cell holds the error {raw}";
    /// The same KPI and period stand earlier in the file.
    DuplicateInFile = "DUPLICATE_IN_FILE",
        "déjà présent à la ligne {first_row} du fichier ; seule la première est retenue",
        "already given in row {first_row} of the file; only the first one counts";
    /// There is a value already and the import must not change it.
    ConflictExists = "CONFLICT_EXISTS",
        "une valeur existe déjà pour {period}", "there is a value for {period} already";
    /// The scope is unknown.
    ScopeUnknown = "SCOPE_UNKNOWN",
        "« {raw} » n'est pas un périmètre connu", "\"{raw}\" is not a known scope";
    /// The value needs a comment.
    CommentRequired = "COMMENT_REQUIRED",
        "un commentaire est obligatoire pour cette valeur", "this value needs a comment";
    /// A text is longer than its field; it is never cut.
    TextTooLong = "TEXT_TOO_LONG",
        "texte trop long : {actual} caractères, au plus {max}",
        "the text is too long: {actual} characters, at most {max}";
    /// The writer refused the value for another reason of its domain.
    ValueRefused = "VALUE_REFUSED",
        "la valeur est refusée ({reason})", "the value is refused ({reason})";
    /// Values were rounded to ten decimals.
    ValueRounded = "VALUE_ROUNDED",
        "valeurs arrondies à 10 décimales : {count}", "values rounded to 10 decimals: {count}";
    /// The file's unit is not the KPI's.
    UnitMismatch = "UNIT_MISMATCH",
        "l'unité « {raw} » diffère de celle de l'indicateur {kpi_code} ({unit})",
        "the unit \"{raw}\" differs from that of the KPI {kpi_code} ({unit})";
    /// The bytes are no UTF-8 and were read as Windows-1252.
    EncodingGuessed = "ENCODING_GUESSED",
        "le texte n'est pas en UTF-8 ; il a été lu comme Windows-1252",
        "the text is not UTF-8; it was read as Windows-1252";
}

macro_rules! assumption_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        /// What the reader took for granted, and tells.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum AssumptionCode {
            $($(#[$doc])* #[serde(rename = $text)] $name),+
        }

        impl AssumptionCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable upper-case name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

assumption_codes! {
    /// The comma is the decimal separator of the column.
    DecimalComma = "DECIMAL_COMMA";
    /// The point is the decimal separator of the column.
    DecimalPoint = "DECIMAL_POINT";
    /// Dates of the column are day first.
    DateDayFirst = "DATE_DAY_FIRST";
    /// Dates of the column are month first.
    DateMonthFirst = "DATE_MONTH_FIRST";
    /// The column of periods has no known name; its content decided.
    PeriodColumnByContent = "PERIOD_COLUMN_BY_CONTENT";
    /// The column of values has no known name; it is the only one with numbers.
    ValueColumnByContent = "VALUE_COLUMN_BY_CONTENT";
    /// The column of KPIs has no known name; its content decided.
    KpiColumnByContent = "KPI_COLUMN_BY_CONTENT";
    /// No cell names the KPI; the file's name does.
    KpiFromFileName = "KPI_FROM_FILE_NAME";
    /// No cell names the KPI; the options do.
    KpiFromOptions = "KPI_FROM_OPTIONS";
    /// Cells formatted as percentages were multiplied by 100 for a KPI in %.
    PercentScaled = "PERCENT_SCALED";
    /// Rows above the first or below the last row of data were taken for notes.
    NoteRowsIgnored = "NOTE_ROWS_IGNORED";
    /// The row under the header holds units.
    UnitRow = "UNIT_ROW";
    /// Columns without a known meaning were left out.
    ColumnsIgnored = "COLUMNS_IGNORED";
    /// Empty rows between the data were left out.
    EmptyRowsIgnored = "EMPTY_ROWS_IGNORED";
    /// Years come from the row above the header.
    YearsFromRowAbove = "YEARS_FROM_ROW_ABOVE";
    /// Bare numbers in the column of periods were read as spreadsheet dates, as asked.
    ExcelSerials = "EXCEL_SERIALS";
}

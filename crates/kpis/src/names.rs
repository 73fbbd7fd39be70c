//! The enums of the KPI engine, with the stable names that answers and the database carry.

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// Every variant, in a fixed order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name, as in answers and in the database.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The variant of that name, or `None`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|variant| variant.name() == name)
            }
        }
    };
}

named! {
    /// Which way a KPI's numbers should move.
    Direction {
        /// The higher the better.
        UpIsBetter = "UP_IS_BETTER",
        /// The lower the better.
        DownIsBetter = "DOWN_IS_BETTER",
        /// Good inside a band; reserved, not accepted for a KPI yet.
        InBand = "IN_BAND",
        /// No colour at all; reserved, not accepted for a KPI yet.
        Neutral = "NEUTRAL",
    }
}

named! {
    /// The colour of a value.
    Status {
        /// At or beyond the green cut point.
        Green = "GREEN",
        /// Between the two cut points, the orange one included.
        Orange = "ORANGE",
        /// Beyond the orange cut point.
        Red = "RED",
    }
}

named! {
    /// Why a value has its colour, or has none.
    StatusReason {
        /// It has a colour.
        Ok = "OK",
        /// There is no value.
        NoData = "NO_DATA",
        /// No thresholds are in effect for the period.
        NoThresholds = "NO_THRESHOLDS",
        /// The period was declared not applicable.
        NotApplicable = "NOT_APPLICABLE",
        /// The formula could not be computed.
        FormulaError = "FORMULA_ERROR",
        /// The KPI has no better or worse.
        Neutral = "NEUTRAL",
    }
}

named! {
    /// How values of finer periods make one of a coarser period.
    Aggregation {
        /// The sum; never guessed.
        Sum = "SUM",
        /// The mean; the default of KPIs in percent.
        Avg = "AVG",
        /// The last one; the default of all others.
        Last = "LAST",
        /// The lowest.
        Min = "MIN",
        /// The highest.
        Max = "MAX",
        /// Quotient of two summed KPIs; reserved, not accepted yet.
        Ratio = "RATIO",
        /// Not aggregated.
        None = "NONE",
    }
}

named! {
    /// Where a value or a change of one came from.
    Source {
        /// Typed by a person.
        Manual = "MANUAL",
        /// Read from an imported file.
        Import = "IMPORT",
        /// Sent by a program.
        Api = "API",
        /// Computed from other KPIs; reserved.
        Formula = "FORMULA",
        /// Put back by the revert of an import.
        Revert = "REVERT",
        /// Judged again by other thresholds.
        Recompute = "RECOMPUTE",
    }
}

named! {
    /// What a period of a KPI is on a given day.
    PeriodState {
        /// Not begun.
        Future = "FUTURE",
        /// Running, or not expected at all; without a value.
        Open = "OPEN",
        /// Over and without a value, within the days of grace.
        Due = "DUE",
        /// Over and without a value, beyond the days of grace.
        Late = "LATE",
        /// Has a number.
        Provided = "PROVIDED",
        /// Declared not applicable.
        NotApplicable = "N_A",
        /// Closed by the organization, with or without a value.
        Locked = "LOCKED",
    }
}

named! {
    /// Where the last number went from the one before.
    Trend {
        /// Up.
        Up = "UP",
        /// Down.
        Down = "DOWN",
        /// Neither, at the KPI's own precision.
        Flat = "FLAT",
        /// Fewer than two numbers.
        Unknown = "UNKNOWN",
    }
}

named! {
    /// Whether a trend is good news.
    TrendQuality {
        /// Good news.
        Improving = "IMPROVING",
        /// Bad news.
        Degrading = "DEGRADING",
        /// No news.
        Stable = "STABLE",
        /// Cannot be told.
        Unknown = "UNKNOWN",
    }
}

named! {
    /// What the numbers of thresholds are.
    ThresholdMode {
        /// Numbers in the KPI's own unit.
        Absolute = "ABSOLUTE",
        /// Percentages of the period's target; reserved, not accepted for a KPI yet.
        PercentOfTarget = "PERCENT_OF_TARGET",
    }
}

named! {
    /// How the colours of many KPIs make one.
    Policy {
        /// The colour of the weighted mean of the scores.
        Weighted = "WEIGHTED",
        /// The worst colour.
        Worst = "WORST",
        /// As `WEIGHTED`, but a red critical KPI forbids green.
        CriticalCap = "CRITICAL_CAP",
    }
}

//! Thresholds: which are accepted, which are refused, and why.

use crate::Direction;
use vigie_kernel::{Dec, FieldError, FieldErrors};

/// Thresholds as a request carries them: any of them may be absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThresholdFields {
    /// Green cut point, inclusive.
    pub green: Option<Dec>,
    /// Orange cut point, inclusive.
    pub orange: Option<Dec>,
    /// Where the score reaches 0. Never decides a colour.
    pub red: Option<Dec>,
    /// Lower end of the orange band.
    pub orange_low: Option<Dec>,
    /// Lower end of the green band.
    pub green_low: Option<Dec>,
    /// Upper end of the green band.
    pub green_high: Option<Dec>,
    /// Upper end of the orange band.
    pub orange_high: Option<Dec>,
}

impl ThresholdFields {
    /// The three cut points of a KPI that should rise or fall.
    #[must_use]
    pub const fn cuts(green: Option<Dec>, orange: Option<Dec>, red: Option<Dec>) -> Self {
        Self { green, orange, red, orange_low: None, green_low: None, green_high: None, orange_high: None }
    }

    fn cut_fields(&self) -> [(&'static str, Option<Dec>); 3] {
        [("threshold_green", self.green), ("threshold_orange", self.orange), ("threshold_red", self.red)]
    }

    fn band_fields(&self) -> [(&'static str, Option<Dec>); 4] {
        [
            ("threshold_orange_low", self.orange_low),
            ("threshold_green_low", self.green_low),
            ("threshold_green_high", self.green_high),
            ("threshold_orange_high", self.orange_high),
        ]
    }
}

/// A band in which a KPI is good, with an optional wider one in which it is middling. All ends are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// Lower end of the green band.
    pub green_low: Dec,
    /// Upper end of the green band.
    pub green_high: Dec,
    /// Lower and upper end of the orange band.
    pub orange: Option<(Dec, Dec)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Unset,
    Cuts { green: Dec, orange: Option<Dec>, red: Option<Dec> },
    Band(Band),
}

/// A direction and the thresholds that fit it; none at all is legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    direction: Direction,
    shape: Shape,
}

impl Thresholds {
    /// No thresholds: values have no colour.
    #[must_use]
    pub const fn unset(direction: Direction) -> Self {
        Self { direction, shape: Shape::Unset }
    }

    /// Checks thresholds against their direction, telling everything that is wrong at once.
    ///
    /// Codes: `threshold_order`, `threshold_incomplete`, `threshold_shape`, each with the parameters `direction` and, where
    /// given, `green`, `orange`, `red` (or the ends of the band).
    pub fn try_new(direction: Direction, fields: &ThresholdFields) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let misfits: Vec<&'static str> = match direction {
            Direction::UpIsBetter | Direction::DownIsBetter => given(&fields.band_fields()).collect(),
            Direction::InBand => given(&fields.cut_fields()).collect(),
            Direction::Neutral => given(&fields.cut_fields()).chain(given(&fields.band_fields())).collect(),
        };
        for field in misfits {
            errors.push(told(FieldError::new(field, "threshold_shape"), direction, fields));
        }
        match direction {
            Direction::UpIsBetter | Direction::DownIsBetter => check_cuts(direction, fields, &mut errors),
            Direction::InBand => check_band(fields, &mut errors),
            Direction::Neutral => {}
        }
        errors.into_result()?;
        Ok(Self::restore(direction, fields))
    }

    /// Thresholds that were checked when they were stored. Without a green cut point or band there are none.
    #[must_use]
    pub fn restore(direction: Direction, fields: &ThresholdFields) -> Self {
        let shape = match direction {
            Direction::UpIsBetter | Direction::DownIsBetter => {
                fields.green.map(|green| Shape::Cuts { green, orange: fields.orange, red: fields.red })
            }
            Direction::InBand => fields.green_low.zip(fields.green_high).map(|(green_low, green_high)| {
                Shape::Band(Band { green_low, green_high, orange: fields.orange_low.zip(fields.orange_high) })
            }),
            Direction::Neutral => None,
        };
        Self { direction, shape: shape.unwrap_or(Shape::Unset) }
    }

    /// Which way the KPI should move.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// Whether there are any.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        !matches!(self.shape, Shape::Unset)
    }

    /// The numbers, as a request carries them.
    #[must_use]
    pub const fn fields(&self) -> ThresholdFields {
        match self.shape {
            Shape::Unset => ThresholdFields::cuts(None, None, None),
            Shape::Cuts { green, orange, red } => ThresholdFields::cuts(Some(green), orange, red),
            Shape::Band(Band { green_low, green_high, orange }) => {
                let (orange_low, orange_high) = match orange {
                    Some((low, high)) => (Some(low), Some(high)),
                    None => (None, None),
                };
                ThresholdFields {
                    green: None,
                    orange: None,
                    red: None,
                    orange_low,
                    green_low: Some(green_low),
                    green_high: Some(green_high),
                    orange_high,
                }
            }
        }
    }

    /// The green cut point, when the KPI should rise or fall and has one.
    #[must_use]
    pub const fn green(&self) -> Option<Dec> {
        self.fields().green
    }

    /// The orange cut point.
    #[must_use]
    pub const fn orange(&self) -> Option<Dec> {
        self.fields().orange
    }

    /// The anchor of score 0.
    #[must_use]
    pub const fn red(&self) -> Option<Dec> {
        self.fields().red
    }

    pub(crate) const fn shape(&self) -> &Shape {
        &self.shape
    }
}

fn given(fields: &[(&'static str, Option<Dec>)]) -> impl Iterator<Item = &'static str> {
    fields.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name)
}

/// Adds the direction and every threshold that was given.
pub(crate) fn told(error: FieldError, direction: Direction, fields: &ThresholdFields) -> FieldError {
    [
        ("green", fields.green),
        ("orange", fields.orange),
        ("red", fields.red),
        ("orange_low", fields.orange_low),
        ("green_low", fields.green_low),
        ("green_high", fields.green_high),
        ("orange_high", fields.orange_high),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| (name, value)))
    .fold(error, |error, (name, value)| error.with(name, value))
    .with("direction", direction.name())
}

/// Whether the thresholds are complete and in the order that the direction asks for.
pub(crate) fn check_cuts(direction: Direction, fields: &ThresholdFields, errors: &mut FieldErrors) {
    let ThresholdFields { green, orange, red, .. } = *fields;
    let mut refuse = |field, code| errors.push(told(FieldError::new(field, code), direction, fields));
    if green.is_none() && (orange.is_some() || red.is_some()) {
        refuse("threshold_green", "threshold_incomplete");
    }
    if orange.is_none() && red.is_some() {
        refuse("threshold_orange", "threshold_incomplete");
    }
    let worse_first = |better: Option<Dec>, worse: Option<Dec>| {
        better.zip(worse).is_some_and(|(better, worse)| match direction {
            Direction::DownIsBetter => better > worse,
            Direction::UpIsBetter | Direction::InBand | Direction::Neutral => better < worse,
        })
    };
    if worse_first(green, orange) {
        refuse("threshold_orange", "threshold_order");
    }
    if worse_first(orange, red) {
        refuse("threshold_red", "threshold_order");
    }
}

fn check_band(fields: &ThresholdFields, errors: &mut FieldErrors) {
    let ThresholdFields { orange_low, green_low, green_high, orange_high, .. } = *fields;
    let mut refuse = |field, code| errors.push(told(FieldError::new(field, code), Direction::InBand, fields));
    let any = given(&fields.band_fields()).next().is_some();
    if any && green_low.is_none() {
        refuse("threshold_green_low", "threshold_incomplete");
    }
    if any && green_high.is_none() {
        refuse("threshold_green_high", "threshold_incomplete");
    }
    match (orange_low, orange_high) {
        (Some(_), None) => refuse("threshold_orange_high", "threshold_incomplete"),
        (None, Some(_)) => refuse("threshold_orange_low", "threshold_incomplete"),
        (Some(_), Some(_)) | (None, None) => {}
    }
    let above = |low: Option<Dec>, high: Option<Dec>| low.zip(high).is_some_and(|(low, high)| low > high);
    if above(orange_low, green_low) {
        refuse("threshold_orange_low", "threshold_order");
    }
    if above(green_low, green_high) {
        refuse("threshold_green_high", "threshold_order");
    }
    if above(green_high, orange_high) {
        refuse("threshold_orange_high", "threshold_order");
    }
}

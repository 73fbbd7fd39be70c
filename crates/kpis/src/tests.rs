//! Tests of the crate, by topic.

mod aggregates;
mod display;
mod events;
mod period_state;
mod recording;
mod reporting;
mod rollup;
mod score;
mod service_definitions;
mod service_values;
mod status;
mod support;
mod thresholds;
mod trend;

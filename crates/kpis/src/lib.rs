//! Dashboards, KPIs, thresholds, periods, values, statuses, scores and roll-ups.

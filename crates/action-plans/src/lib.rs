//! Actions and comments on KPIs.

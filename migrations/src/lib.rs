//! Schema migrations of the control database and of each organization's database.

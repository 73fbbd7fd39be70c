//! The only crate that knows the database: control and tenant repositories, the registry of pools, the job queue.

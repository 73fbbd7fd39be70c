//! The outside that is not the database: password hashing, token signing, files, Redis.

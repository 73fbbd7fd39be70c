//! The outside that is not the database: the system's clock, ids and randomness, password hashing, token signing, sealing,
//! rate limits, files, mail, and what processes share through Redis.
//!
//! Each type here fills a port of a domain crate, or is used by the HTTP edge. Nothing here decides a rule of the business.

mod archive;
mod files;
mod key_file;
mod key_ring;
mod limits;
mod mail;
mod parse_pool;
mod password_pool;
mod sealer;
mod shared;
mod shared_limiter;
mod signer;
mod system;
#[cfg(test)]
mod tests;
mod tokens;

pub use archive::{BackupKey, TarArchives};
pub use files::{
    BucketAccess, FileArea, FileHash, FileKey, FilesPlace, FilesPlaceError, FilesProbe, ObjectFiles,
    StoredFile,
};
pub use key_file::KeyError;
pub use key_ring::{KeyRotation, rotate_access_keys};
pub use limits::{LimitKey, LimitPolicy, LimitVerdict, Limiter, Limits, Rate};
pub use mail::{
    CompiledTemplates, EmlMailer, MailTls, Sender, SenderError, SmtpMailer, SmtpOptions, SmtpServer,
    SmtpServerError,
};
pub use parse_pool::BlockingParsePool;
pub use password_pool::{HashParameters, PasswordPool, PasswordPoolConfig, WeakParameters};
pub use sealer::AeadSealer;
pub use shared::{News, Redis, RedisProbe, RedisResolutions, RedisSessions, RedisSetupError};
pub use shared_limiter::SharedLimiter;
pub use signer::Signer;
pub use system::{SystemClock, SystemIds, SystemRandomness, SystemSecrets, SystemTimer};
pub use tokens::{Ed25519Tokens, TokenNames};

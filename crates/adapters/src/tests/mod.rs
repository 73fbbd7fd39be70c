mod files;
mod key_file;
mod limits;
mod password_pool;
mod sealer;
mod signer;
mod system;
mod tokens;

//! Files of the organizations: in a local folder, or in a bucket of S3 or of a server that speaks as S3 does.

mod content;
mod key;
mod place;
mod probe;
mod spaces;
mod store;

pub use key::{FileArea, FileHash, FileKey};
pub use place::{BucketAccess, FilesPlace, FilesPlaceError};
pub use probe::FilesProbe;
pub use store::{ObjectFiles, StoredFile};

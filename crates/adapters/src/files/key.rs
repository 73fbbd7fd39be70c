//! The names of files. There is no other way to one than through here, and nothing that a user wrote is in any.

use object_store::path::Path;
use std::fmt;
use vigie_kernel::OrganizationId;

/// The name of the folder of all organizations.
const ROOT: &str = "org";
/// What says that an organization has a space, also before it has files.
pub(super) const SPACE: &str = ".space";
/// What is stored and removed to try a space out.
pub(super) const PROBE: &str = ".probe";

/// What files are for. Each area is a folder of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileArea {
    /// Uploaded spreadsheets, and the lists of what was wrong with them.
    Imports,
}

impl FileArea {
    /// Every area.
    pub const ALL: [Self; 1] = [Self::Imports];

    /// The name of the folder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Imports => "imports",
        }
    }

    /// The area of that folder, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|area| area.name() == name)
    }
}

/// The SHA-256 of a file's content: 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileHash(String);

impl FileHash {
    /// Reads a hash exactly as it is written; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 64 && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// The hash as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of one file: `org/<organization>/<area>/<hash>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileKey {
    organization: OrganizationId,
    area: FileArea,
    hash: FileHash,
}

impl FileKey {
    /// The name of an organization's file.
    #[must_use]
    pub const fn new(organization: OrganizationId, area: FileArea, hash: FileHash) -> Self {
        Self { organization, area, hash }
    }

    /// Whose file it is.
    #[must_use]
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// What it is for.
    #[must_use]
    pub const fn area(&self) -> FileArea {
        self.area
    }

    /// The hash of its content.
    #[must_use]
    pub const fn hash(&self) -> &FileHash {
        &self.hash
    }

    /// Reads a name as it is listed below an organization's folder; `None` for what is no file of that organization.
    pub(crate) fn read(organization: OrganizationId, prefix: &Path, path: &Path) -> Option<Self> {
        let mut parts = path.prefix_match(&folder(prefix, organization))?;
        let (area, hash) = (parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let area = FileArea::from_name(area.as_ref())?;
        Some(Self { organization, area, hash: FileHash::parse(hash.as_ref())? })
    }

    /// Where it is below a prefix of ours.
    pub(crate) fn path(&self, prefix: &Path) -> Path {
        folder(prefix, self.organization).join(self.area.name()).join(self.hash.as_str())
    }
}

impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path(&Path::default()).fmt(f)
    }
}

/// The folder of all organizations.
pub(super) fn root(prefix: &Path) -> Path {
    prefix.clone().join(ROOT)
}

/// The folder of an organization.
pub(super) fn folder(prefix: &Path, organization: OrganizationId) -> Path {
    root(prefix).join(organization.to_string())
}

/// Whether it marks an organization's space and is no file of it.
pub(super) fn is_mark(prefix: &Path, organization: OrganizationId, path: &Path) -> bool {
    [SPACE, PROBE].into_iter().any(|name| *path == folder(prefix, organization).join(name))
}

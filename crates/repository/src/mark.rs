//! The mark on an organization's database: whose it is, and of which installation.

use uuid::Uuid;
use vigie_kernel::OrganizationId;

const ORGANIZATION: &str = "vigie organization ";
const INSTALLATION: &str = " installation ";

/// A mark as it is written. Two installations may share a server: each leaves alone what bears the other's mark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) organization: OrganizationId,
    pub(crate) installation: Uuid,
}

impl Mark {
    pub(crate) fn text(&self) -> String {
        format!("{ORGANIZATION}{}{INSTALLATION}{}", self.organization, self.installation)
    }
}

/// A mark as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadMark {
    pub(crate) organization: OrganizationId,
    /// `None` for one that an earlier version wrote.
    pub(crate) installation: Option<Uuid>,
}

impl ReadMark {
    /// Reads a mark; `None` when the text is none of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.trim().strip_prefix(ORGANIZATION)?;
        let (organization, installation) = match rest.split_once(INSTALLATION) {
            Some((organization, installation)) => (organization, Some(installation.parse().ok()?)),
            None => (rest, None),
        };
        Some(Self { organization: organization.parse().ok()?, installation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_an_older_one_too() {
        let organization = OrganizationId::from(Uuid::from_u128(7));
        let installation = Uuid::from_u128(9);
        let text = Mark { organization, installation }.text();
        assert_eq!(ReadMark::parse(&text), Some(ReadMark { organization, installation: Some(installation) }));
        let older = format!("vigie organization {organization}");
        assert_eq!(ReadMark::parse(&older), Some(ReadMark { organization, installation: None }));
        for other in
            ["", "vigie organization", "vigie organization x", "somebody else's", &format!("{text}0")]
        {
            assert_eq!(ReadMark::parse(other), None, "{other}");
        }
    }
}

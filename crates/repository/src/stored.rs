//! Reading stored names and numbers back into the domain's types.

use vigie_kernel::StoreError;

/// The domain's value of a stored name; a name that no version of ours wrote is a damaged row.
pub(crate) fn named<T>(
    column: &str,
    name: &str,
    from_name: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    from_name(name).ok_or_else(|| StoreError::broken(format!("{column} holds the unknown name {name}")))
}

/// A stored integer in the domain's narrower type.
pub(crate) fn narrow<T: TryFrom<i32>>(column: &str, number: i32) -> Result<T, StoreError> {
    T::try_from(number).map_err(|_| StoreError::broken(format!("{column} holds {number}, out of its range")))
}

/// One row touched, or [`StoreError::Stale`].
pub(crate) const fn touched(rows: u64) -> Result<(), StoreError> {
    if rows == 0 { Err(StoreError::Stale) } else { Ok(()) }
}

//! Pages. The document counts `/user/…` from 1, the rest counts from 0.

use super::ParamError;

/// Rows of one page at most; more are cut to it.
const SIZE_MAX: i64 = 200;

/// How an endpoint counts its pages, and how many rows it gives unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// `/user/…`: the first page is 1, and 0 means it too.
    FromOne { default: i64 },
    /// `/arrange/theday`, `/conversation/…`, `/message/…`: the first page is 0.
    FromZero { default: i64 },
}

/// Which rows to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    pub offset: i64,
    pub limit: i64,
}

impl Paging {
    /// A page past the end is empty, however far.
    ///
    /// # Errors
    /// [`ParamError::Bad`] for negative pages and sizes below 1.
    pub fn page(self, page: Option<i64>, size: Option<i64>) -> Result<Page, ParamError> {
        let (index, default) = match self {
            Self::FromOne { default } => (page.map(|page| if page > 0 { page - 1 } else { page }), default),
            Self::FromZero { default } => (page, default),
        };
        let index = index.unwrap_or(0);
        if index < 0 {
            return Err(ParamError::bad("page"));
        }
        let limit = size.unwrap_or(default).min(SIZE_MAX);
        if limit < 1 {
            return Err(ParamError::bad("size"));
        }
        Ok(Page { offset: index.saturating_mul(limit), limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(paging: Paging, page: Option<i64>, size: Option<i64>) -> Option<(i64, i64)> {
        paging.page(page, size).ok().map(|page| (page.offset, page.limit))
    }

    #[test]
    fn pages_are_counted_as_the_endpoint_says() {
        let one = Paging::FromOne { default: 10 };
        let zero = Paging::FromZero { default: 20 };
        assert_eq!(of(one, None, None), Some((0, 10)));
        assert_eq!(of(one, Some(0), None), Some((0, 10)));
        assert_eq!(of(one, Some(1), None), Some((0, 10)));
        assert_eq!(of(one, Some(3), Some(5)), Some((10, 5)));
        assert_eq!(of(zero, Some(1), None), Some((20, 20)));
        assert_eq!(of(zero, Some(0), Some(5000)), Some((0, 200)));
        assert_eq!(of(zero, Some(i64::MAX), Some(200)), Some((i64::MAX, 200)));
        assert_eq!(of(zero, Some(-1), None), None);
        assert_eq!(of(one, Some(-1), None), None);
        assert_eq!(of(one, Some(1), Some(0)), None);
    }
}

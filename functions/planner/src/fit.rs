//! How many rows fit one transaction: DynamoDB bounds their number and their bytes.

use chimera_domain::limits;
use serde::Serialize;

/// Rows written in one transaction at most, a little under DynamoDB's 100: the campaign and its plan go beside them.
pub(crate) const OPS: usize = limits::OPS_PER_TRANSACTION - 5;

/// The rows cut into runs that fit a transaction each, in order.
pub(crate) fn runs<R>(mut rows: &[R], bytes: impl Fn(&R) -> usize) -> Vec<&[R]> {
    let mut runs = Vec::new();
    while !rows.is_empty() {
        let (run, rest) = rows.split_at(fitting(rows, &bytes));
        runs.push(run);
        rows = rest;
    }
    runs
}

/// How many of the rows, from the first, fit one transaction. One always does: no row is that large.
pub(crate) fn fitting<R>(rows: &[R], bytes: impl Fn(&R) -> usize) -> usize {
    let mut sum = 0_usize;
    let within = rows.iter().take(OPS).take_while(|row| {
        sum = sum.saturating_add(bytes(row));
        sum <= limits::TRANSACTION_BYTES
    });
    within.count().max(1).min(rows.len())
}

/// About what the row takes.
pub(crate) fn bytes(row: &impl Serialize) -> usize {
    serde_json::to_vec(row).map_or(limits::ROW_BYTES, |json| json.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(rows: &[usize]) -> Vec<usize> {
        runs(rows, |bytes| *bytes).into_iter().map(<[usize]>::len).collect()
    }

    #[test]
    fn no_run_has_more_rows_or_bytes_than_a_transaction() {
        assert_eq!(sizes(&[5_000; 200]), [95, 95, 10]);
        assert_eq!(sizes(&[100 * 1024; 40]), [30, 10]);
        assert_eq!(sizes(&[9, 9]), [2]);
        assert_eq!(sizes(&[]), Vec::<usize>::new());
    }

    #[test]
    fn a_row_too_large_for_any_transaction_does_not_keep_the_others_waiting() {
        assert_eq!(sizes(&[4 * 1024 * 1024, 1, 1]), [1, 2]);
    }
}

//! Several runs, one figure.

use crate::report::shown;

/// The middle one; the mean of the middle two of an even number.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
    if sorted.len().is_multiple_of(2) {
        let lower = sorted.get((sorted.len() / 2).saturating_sub(1)).copied();
        return f64::midpoint(lower.unwrap_or(f64::NAN), upper);
    }
    upper
}

/// `min .. max of n`.
pub(crate) fn spread(values: &[f64]) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{} .. {} of {}", shown(low), shown(high), values.len())
}

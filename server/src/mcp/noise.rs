//! Numbers that look random and are not: the same question gives the same number for ever.

/// A number from 0 up to 1 for `key` on `day`; other keys and days give unrelated ones.
pub(super) fn noise(key: &str, day: i64) -> f64 {
    // FNV-1a over the key, then the finalizer of SplitMix64: small, known, and stable across versions of everything.
    let mut hash =
        day.to_le_bytes().iter().chain(key.as_bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9), (27, 0x94d0_49bb_1331_11eb)] {
        hash = (hash ^ (hash >> shift)).wrapping_mul(factor);
    }
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// One of `choices`, chosen by [`noise`]; there must be one.
pub(super) fn choose<'c, T>(choices: &'c [T], key: &str, day: i64) -> Option<&'c T> {
    choices.get((noise(key, day) * choices.len() as f64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_spread_and_repeat() {
        let numbers: Vec<f64> = (0..1000).map(|day| noise("TSLA", day)).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        let mean = numbers.iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
        assert_eq!(noise("TSLA", 7).to_bits(), noise("TSLA", 7).to_bits());
        assert!(noise("TSLA", 7).to_bits() != noise("MSFT", 7).to_bits());
        assert_eq!(choose::<u8>(&[], "x", 1), None);
    }
}

//! When to try again, and when next.
//!
//! A loop of our own: the `retry` of reqwest 0.13 has no pause between attempts, and the policy of
//! `reqwest-retry` that decides how long to wait
//! [does not see the answer](https://github.com/TrueLayer/reqwest-middleware/issues/146) with its `Retry-After`.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::error::{HttpError, HttpErrorKind};

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Whether `error` may pass by itself, and trying again does nothing twice.
pub(super) fn may_pass(error: &HttpError, idempotent: bool) -> bool {
    match (error.kind(), error.status()) {
        (HttpErrorKind::Connection | HttpErrorKind::Timeout, None) => {
            idempotent || error.inner.unsent
        }
        // These two with a time to come back say that the server has not acted.
        (_, Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)) => {
            idempotent || error.retry_after().is_some()
        }
        // What the server cannot do, it cannot do later either.
        (_, Some(StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED)) => false,
        (_, Some(status)) => idempotent && status.is_server_error(),
        _ => false,
    }
}

/// How long an answer asks to wait: seconds or a date in `Retry-After`. [X](https://docs.x.com/fundamentals/rate-limits)
/// names in every answer the second of the epoch when a limit ends: that of a 429 is meant.
pub(super) fn asked_to_wait(
    status: StatusCode,
    headers: &HeaderMap,
    now: SystemTime,
) -> Option<Duration> {
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    // By the clock of the server, where it tells: ours may differ.
    let now = headers.get(DATE).and_then(|value| date(value.to_str().ok()?)).unwrap_or(now);
    let until = |then: SystemTime| then.duration_since(now).unwrap_or_default();
    if let Some(value) = headers.get(RETRY_AFTER) {
        let text = value.to_str().ok()?.trim();
        return match text.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => date(text).map(until),
        };
    }
    if status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let reset = headers.get("x-rate-limit-reset")?.to_str().ok()?.parse().ok()?;
    let then = UNIX_EPOCH.checked_add(Duration::from_secs(reset))?;
    // Others count from now in a header of this name.
    then.duration_since(now).ok()
}

/// The pause before the attempt after `attempts`: twice as long each time, half of it by chance, so that
/// clients that failed together do not come back together.
pub(super) fn pause(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let longest = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    // The standard library has no random numbers but the keys of its hash maps.
    let chance = u32::try_from(RandomState::new().hash_one(attempts) >> 32).unwrap_or(u32::MAX);
    longest / 2 + (longest / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn reads_seconds_dates_and_resets() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let busy = StatusCode::TOO_MANY_REQUESTS;
        let wait = |pairs: &[(&'static str, &str)]| asked_to_wait(busy, &headers(pairs), now);
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(wait(&[("retry-after", "120")]), seconds(120));
        assert_eq!(wait(&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]), seconds(60));
        assert_eq!(wait(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), seconds(0));
        // The clock of the server is an hour ahead of ours.
        assert_eq!(
            wait(&[
                ("date", "Sun, 06 Nov 1994 09:49:37 GMT"),
                ("retry-after", "Sun, 06 Nov 1994 09:49:40 GMT"),
            ]),
            seconds(3)
        );
        assert_eq!(wait(&[("x-rate-limit-reset", "784111787")]), seconds(10));
        for nonsense in ["", "soon", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(wait(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(wait(&[("x-rate-limit-reset", "18446744073709551615")]), None);
        assert_eq!(wait(&[("x-rate-limit-reset", "900")]), None);
        assert_eq!(wait(&[]), None);

        let down = StatusCode::SERVICE_UNAVAILABLE;
        let reset = headers(&[("x-rate-limit-reset", "784111787")]);
        assert_eq!(asked_to_wait(down, &reset, now), None);
    }

    #[test]
    fn pauses_grow_and_differ() {
        for (attempts, longest) in [(1, 250), (2, 500), (3, 1000), (7, 10_000), (u32::MAX, 10_000)]
        {
            let longest = Duration::from_millis(longest);
            for _ in 0..20 {
                let pause = pause(attempts);
                assert!(longest / 2 <= pause && pause <= longest, "{attempts}: {pause:?}");
            }
        }
        assert!((0..20).any(|_| pause(5) != pause(5)), "chance has no part in it");
    }
}

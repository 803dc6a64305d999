//! What `stats` and `list-tubes` send: YAML of one level, of which this is all that occurs.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use super::BeanstalkdError;

/// Figures of the server or of a tube, by the names of the protocol.
///
/// ```no_run
/// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
/// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
/// let tube = queue.stats_tube().await?;
/// if tube.number("current-jobs-ready") > Some(10_000) {
///     println!("more workers for {}", tube.get("name").unwrap_or("?"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stats(BTreeMap<String, String>);

impl Stats {
    /// A value as the server writes it, without quotes.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::Stats;
    /// # fn f(stats: &Stats) {
    /// println!("beanstalkd {}", stats.get("version").unwrap_or("of unknown age"));
    /// # }
    /// ```
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A value that is a whole number.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::Stats;
    /// # fn f(stats: &Stats) {
    /// let connections = stats.number("current-connections");
    /// # }
    /// ```
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// All of them, sorted by name.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::Stats;
    /// # fn f(stats: &Stats) {
    /// for (name, value) in stats.iter() {
    ///     println!("{name} = {value}");
    /// }
    /// # }
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(super) fn parse(yaml: &[u8]) -> Result<Self, BeanstalkdError> {
        let pairs = lines(yaml)?.map(|line| {
            let (name, value) = line.split_once(": ").ok_or(BeanstalkdError::Unexpected)?;
            Ok((name.to_owned(), value.trim_matches('"').to_owned()))
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    fn take<T: FromStr>(&self, name: &str) -> Result<T, BeanstalkdError> {
        let value = self.get(name).and_then(|value| value.parse().ok());
        value.ok_or(BeanstalkdError::Unexpected)
    }
}

/// The entries of a list.
pub(super) fn list(yaml: &[u8]) -> Result<Vec<String>, BeanstalkdError> {
    let entries = lines(yaml)?.map(|line| line.strip_prefix("- ").map(str::to_owned));
    entries.collect::<Option<_>>().ok_or(BeanstalkdError::Unexpected)
}

fn lines(yaml: &[u8]) -> Result<impl Iterator<Item = &str>, BeanstalkdError> {
    let text = std::str::from_utf8(yaml).map_err(|_| BeanstalkdError::Unexpected)?;
    let text = text.strip_prefix("---\n").ok_or(BeanstalkdError::Unexpected)?;
    Ok(text.lines().filter(|line| !line.is_empty()))
}

/// Where a job is in its life.
///
/// ```no_run
/// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError, JobState};
/// # async fn f(queue: BeanstalkdClient, id: u64) -> Result<(), BeanstalkdError> {
/// let waits = queue.stats_job(id).await?.state == JobState::Ready;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum JobState {
    /// It waits for a consumer.
    Ready,
    /// A consumer works on it.
    Reserved,
    /// It becomes ready when its delay is over.
    Delayed,
    /// It waits for a kick.
    Buried,
}

impl FromStr for JobState {
    type Err = BeanstalkdError;

    fn from_str(word: &str) -> Result<Self, BeanstalkdError> {
        match word {
            "ready" => Ok(Self::Ready),
            "reserved" => Ok(Self::Reserved),
            "delayed" => Ok(Self::Delayed),
            "buried" => Ok(Self::Buried),
            _ => Err(BeanstalkdError::Unexpected),
        }
    }
}

/// What the server knows about a job.
///
/// ```no_run
/// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
/// # async fn f(queue: BeanstalkdClient, id: u64) -> Result<(), BeanstalkdError> {
/// let stats = queue.stats_job(id).await?;
/// println!("{} attempts, {} ran out of time", stats.reserves, stats.timeouts);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct JobStats {
    /// Its id.
    pub id: u64,
    /// The tube it lives in.
    pub tube: String,
    /// Where it is in its life.
    pub state: JobState,
    /// 0 is the most urgent.
    pub priority: u32,
    /// Since it was put.
    pub age: Duration,
    /// As of its put or last release.
    pub delay: Duration,
    /// How long a consumer may keep it.
    pub ttr: Duration,
    /// Until it becomes ready by itself: of use while it is reserved or delayed.
    pub time_left: Duration,
    /// How often it has been reserved.
    pub reserves: u64,
    /// How often its time to run was over.
    pub timeouts: u64,
    /// How often it has been released.
    pub releases: u64,
    /// How often it has been buried.
    pub buries: u64,
    /// How often it has been kicked.
    pub kicks: u64,
}

impl JobStats {
    pub(super) fn parse(yaml: &[u8]) -> Result<Self, BeanstalkdError> {
        let stats = Stats::parse(yaml)?;
        let seconds = |name| stats.take(name).map(Duration::from_secs);
        Ok(Self {
            id: stats.take("id")?,
            tube: stats.take("tube")?,
            state: stats.take("state")?,
            priority: stats.take("pri")?,
            age: seconds("age")?,
            delay: seconds("delay")?,
            ttr: seconds("ttr")?,
            time_left: seconds("time-left")?,
            reserves: stats.take("reserves")?,
            timeouts: stats.take("timeouts")?,
            releases: stats.take("releases")?,
            buries: stats.take("buries")?,
            kicks: stats.take("kicks")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_server_sends() {
        let stats = Stats::parse(
            b"---\ncurrent-jobs-ready: 3\nversion: \"1.12\"\nos: #1 SMP: x\ndraining: false\n\n",
        )
        .unwrap();
        assert_eq!(stats.number("current-jobs-ready"), Some(3));
        assert_eq!(stats.get("version"), Some("1.12"));
        assert_eq!(stats.get("os"), Some("#1 SMP: x"));
        assert_eq!(stats.number("draining"), None);
        assert_eq!(stats.get("no such"), None);
        assert_eq!(list(b"---\n- default\n- a/b\n").unwrap(), ["default", "a/b"]);
        assert!(list(b"default").is_err() && Stats::parse(b"---\nno pair\n").is_err());

        let job = b"---\nid: 1\ntube: a\nstate: reserved\npri: 4294967295\nage: 7\ndelay: 0\n\
            ttr: 60\ntime-left: 59\nfile: 1\nreserves: 2\ntimeouts: 1\nreleases: 0\nburies: 0\n\
            kicks: 0\n";
        let job = JobStats::parse(job).unwrap();
        assert_eq!((job.id, job.state, job.priority), (1, JobState::Reserved, u32::MAX));
        assert_eq!((job.ttr, job.time_left), (Duration::from_mins(1), Duration::from_secs(59)));
        assert!(JobStats::parse(b"---\nid: 1\n").is_err());
    }
}

//! A numbered database of its own, claimed in the one that is attached.

use redis::Script;
use redis::aio::ConnectionManager;

use crate::adapter::grammar::Part;
use crate::adapters::redis::cause;
use crate::error::{FailureKind, ours};
use crate::testing::isolate::changed;
use crate::testing::{Isolate, Own, Test, is_leftover};
use crate::{Adapter as _, ClientError, Connect as _, Redis};

/// A hash in the attached database: the number of each database that a test has, and the test's name.
const CLAIMS: &str = "backing_services:tests";
/// As many as a server has that was not told otherwise.
const USUAL: u32 = 16;

/// Claims the first database that nobody has claimed and that is empty. What is not empty is
/// somebody's.
const CLAIM: &str = "
for number = 0, ARGV[2] - 1 do
    if number ~= tonumber(ARGV[1]) and redis.call('HEXISTS', KEYS[1], number) == 0 then
        redis.call('SELECT', number)
        local is_free = redis.call('DBSIZE') == 0
        redis.call('SELECT', ARGV[1])
        if is_free then
            redis.call('HSET', KEYS[1], number, ARGV[3])
            return number
        end
    end
end
return -1";

/// Empties a database and gives it back, if the test still has it.
const RELEASE: &str = "
if redis.call('HGET', KEYS[1], ARGV[2]) == ARGV[3] then
    redis.call('SELECT', ARGV[2])
    redis.call('FLUSHDB')
    redis.call('SELECT', ARGV[1])
    redis.call('HDEL', KEYS[1], ARGV[2])
end";

impl Isolate for Redis {
    async fn isolate(&self, test: &Test) -> Result<Own<Self>, ClientError> {
        let mut client = self.connect().await?;
        let (home, most) = (attached(self), count(&mut client).await);
        let script = Script::new(CLAIM);
        let mut claim = script.prepare_invoke();
        let claim = claim.key(CLAIMS).arg(home).arg(most).arg(test.name());
        let number: i64 = claim.invoke_async(&mut client).await.map_err(|error| cause(&error))?;
        let Ok(number) = u32::try_from(number) else {
            return Err(none_free(most));
        };
        let own = changed(self, |handle| {
            let handle = handle.without_params(is_name);
            if self.handle().hosts().is_empty() {
                handle.param("database", number.to_string())
            } else {
                handle.name(number.to_string())
            }
        })?;
        let what = format!("the database {number}, claimed as `{}`,", test.name());
        let name = test.name().to_owned();
        Ok(Own::new(own, what).removed_by(async move {
            release(&mut client, home, &number.to_string(), &name).await
        }))
    }

    async fn sweep(&self) -> Result<(), ClientError> {
        let mut client = self.connect().await?;
        let claims = redis::cmd("HGETALL").arg(CLAIMS).query_async(&mut client).await;
        let claims: Vec<(String, String)> = claims.map_err(|error| cause(&error))?;
        for (number, name) in claims.iter().filter(|(_, name)| is_leftover(name)) {
            release(&mut client, attached(self), number, name).await?;
        }
        Ok(())
    }
}

fn none_free(most: u32) -> ClientError {
    let help = ours!(
        "of the server's {most} databases each is attached, in use, or kept for a test that failed \
         within a day: `HGETALL {CLAIMS}` lists those; a server may have more `databases`"
    );
    ClientError::of(FailureKind::Busy, "no database is free for the test").with_help(help)
}

async fn release(
    client: &mut ConnectionManager,
    home: u32,
    number: &str,
    name: &str,
) -> Result<(), ClientError> {
    let script = Script::new(RELEASE);
    let mut release = script.prepare_invoke();
    let release = release.key(CLAIMS).arg(home).arg(number).arg(name);
    release.invoke_async::<()>(client).await.map_err(|error| cause(&error))
}

/// How many databases the server has, if it tells.
async fn count(client: &mut ConnectionManager) -> u32 {
    let mut config = redis::cmd("CONFIG");
    let config = config.arg("GET").arg("databases");
    let told: Result<(String, u32), _> = config.query_async(client).await;
    told.map_or(USUAL, |(_, count)| count)
}

/// The number of the attached database.
fn attached(redis: &Redis) -> u32 {
    let handle = redis.handle();
    let word = Redis::GRAMMAR.part(Part::Name).and_then(|word| word.param_of(handle));
    let in_path = || handle.name().ok().flatten().filter(|_| !handle.hosts().is_empty());
    let number = word.map(str::to_owned).or_else(in_path);
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn is_name(name: &str) -> bool {
    Redis::GRAMMAR.part(Part::Name).is_some_and(|word| word.is_called(name))
}

/// Consumes from the broker that is attached, until the shutdown.
async fn consume(services: Attached<Services>) {
    // Before the clients are taken, so that no change is missed.
    let mut changes = services.changes();
    loop {
        let mut working = tokio::spawn(work(services.clone(), services.changes()));
        loop {
            tokio::select! {
                // Its channel did not come back: another one is opened.
                _ = &mut working => break,
                change = changes.next() => match change {
                    Some(change) if is_of_jobs(&change) => break,
                    Some(_) => {}
                    None => return,
                },
            }
        }
    }
}

fn is_of_jobs(change: &Change) -> bool {
    change.changed().iter().any(|field| field == "Services::jobs")
}

async fn work(services: Attached<Services>, changes: Changes) {
    if let Err(error) = work_through(&services, changes).await {
        eprintln!("{error}");
        sleep(Duration::from_secs(1)).await;
    }
}

/// How long a request may hold an older snapshot of the clients, and publish through it. Shorter
/// than the drain of the old clients, which is 30 seconds by default.
const LATE: Duration = Duration::from_secs(5);

/// Consumes through one connection. Once another one is in its place this goes on beside its
/// successor, until nothing can come any more and the queue is empty.
async fn work_through(services: &Attached<Services>, mut changes: Changes) -> lapin::Result<()> {
    // Held for as long as their connection is used.
    let mut clients = services.clients();
    let channel = clients.jobs.create_channel().await?;
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    let queue = || channel.queue_declare("jobs".into(), durable, FieldTable::default());
    queue().await?;
    channel.basic_qos(10, BasicQosOptions::default()).await?;
    let (options, table) = (BasicConsumeOptions::default(), FieldTable::default());
    let mut deliveries = channel.basic_consume("jobs".into(), "".into(), options, table).await?;
    let mut replaced: Option<Instant> = None;
    let mut look = interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            delivery = deliveries.next() => match delivery.transpose()? {
                Some(delivery) => work_on(delivery).await,
                None => break,
            },
            change = changes.next() => match change {
                Some(change) if is_of_jobs(&change) => replaced = Some(Instant::now()),
                // Another resource: its old client waits for whoever holds the old clients.
                Some(change) if replaced.is_none() => {
                    let now = services.clients();
                    if services.generation() == change.generation() {
                        clients = now;
                    }
                }
                Some(_) => {}
                None => break, // the shutdown
            },
            _ = look.tick() => {
                let is_over = replaced.is_some_and(|since| since.elapsed() >= LATE);
                if is_over && queue().await?.message_count() == 0 {
                    break;
                }
            }
        }
    }
    // What the broker has handed out is done, and no more is taken.
    channel.basic_cancel(deliveries.tag(), BasicCancelOptions::default()).await?;
    while let Some(delivery) = deliveries.next().await.transpose()? {
        work_on(delivery).await;
    }
    let closed = channel.close(200, "OK".into()).await;
    drop(clients);
    closed
}

async fn work_on(delivery: Delivery) {
    do_job(&delivery.data).await;
    // Where the broker does not hear of it, the job comes again.
    let _ = delivery.ack(BasicAckOptions::default()).await;
}

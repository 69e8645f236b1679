// Package jobs runs the program's work in the background, on one machine or on many: a queue in the store's own
// database, on SQLite and PostgreSQL by the same code. It knows nothing of the work: whoever opens it hands over a
// table of kinds, each with a small function. The queue is river's, and its tables are river's own.
//
// A job is the kind and a key, such as the source that is to be crawled. One of both is queued or running at a time,
// in the whole installation: adding it again does nothing. Jobs are done at least once, so their functions must bear
// being called again: what was done is found done.
//
// A machine that dies says nothing more. A running job shows every few seconds that it is alive; one that has not for
// two minutes is given to another machine. One machine at a time leads: it adds the periodic jobs and looks for the dead.
package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"utkik/internal/store"
)

// Kind is a sort of job.
type Kind struct {
	Name  string
	Queue string        // who works one of the queues works its kinds
	Every time.Duration // the leader adds one with an empty key that often; 0: only who wants one adds it
	Tries int           // how often it is begun before it counts as failed
	Again time.Duration // how long it waits after its first failure; doubled for each further one
	Do    func(context.Context, Job) error
}

// Job is one piece of work as its function sees it.
type Job struct {
	ID   int64
	Kind string
	Key  string
	Try  int // from 1
}

// Later is what a function answers that cannot work now, through no fault: the job waits, and it was no try.
type Later struct {
	Why string
	For time.Duration
}

func (l *Later) Error() string { return fmt.Sprintf("%s; again in %s", l.Why, l.For) }

// Config is what the queue needs.
type Config struct {
	Store  *store.Store
	Kinds  []Kind
	Queues map[string]int   // that are worked here, and how many jobs of each at a time; empty: none, only asked and told
	Log    *slog.Logger     // required
	Now    func() time.Time // the real clock: machines compare by it
	Stop   time.Duration    // how long a running job has to end in order when the program is stopped; 0 is 10 s

	alive, dead time.Duration // in tests
}

const (
	aliveEvery = 15 * time.Second // a running job shows that it is alive
	deadAfter  = 2 * time.Minute  // one that has not is given to another machine
	mostAgain  = 6 * time.Hour    // between two tries
)

// Jobs is the opened queue.
type Jobs struct {
	cfg     Config
	engine  engine
	pools   *store.Queue
	started bool
	closed  bool
	over    chan struct{} // closed when it stops
	done    chan struct{} // closed when the heart has stopped
	running *running
}

// Open opens the queue and brings its tables forward.
func Open(ctx context.Context, cfg Config) (*Jobs, error) {
	if cfg.Log == nil || cfg.Now == nil || cfg.Store == nil {
		return nil, errors.New("jobs: store, logger and clock are required")
	}
	cfg.Stop = cmp.Or(cfg.Stop, 10*time.Second)
	cfg.alive, cfg.dead = cmp.Or(cfg.alive, aliveEvery), cmp.Or(cfg.dead, deadAfter)
	for i, k := range cfg.Kinds {
		if k.Name == "" || k.Queue == "" || k.Tries < 1 || k.Again <= 0 || k.Do == nil {
			return nil, fmt.Errorf("jobs: kind %q needs a queue, tries, a wait and a function", k.Name)
		}
		if slices.ContainsFunc(cfg.Kinds[:i], func(o Kind) bool { return o.Name == k.Name }) {
			return nil, fmt.Errorf("jobs: two kinds are called %q", k.Name)
		}
	}
	j := &Jobs{cfg: cfg, over: make(chan struct{}), done: make(chan struct{}), running: &running{ids: map[int64]bool{}}}
	pools, err := cfg.Store.OpenQueue(ctx, migrate)
	if err != nil {
		return nil, err
	}
	if j.engine, err = j.newEngine(pools); err != nil {
		return nil, errors.Join(fmt.Errorf("jobs: %v", err), pools.Close())
	}
	j.pools = pools
	return j, nil
}

// Start begins to work. It goes on until Stop.
func (j *Jobs) Start(ctx context.Context) error {
	if err := j.engine.start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("jobs: starting: %w", err)
	}
	j.started = true
	go j.beat()
	return nil
}

// beat shows that what runs here is alive.
func (j *Jobs) beat() {
	defer close(j.done)
	tick := time.NewTicker(j.cfg.alive)
	defer tick.Stop()
	for {
		select {
		case <-j.over:
			return
		case <-tick.C:
			for _, id := range j.running.all() {
				ctx, cancel := context.WithTimeout(context.Background(), j.cfg.alive)
				if err := j.engine.alive(ctx, id, j.cfg.Now()); err != nil {
					j.cfg.Log.Warn("a job cannot show that it is alive", "job", id, "err", err)
				}
				cancel()
			}
		}
	}
}

// Close stops: no job is begun any more, and those that run are told to end. One that does not within the configured
// time is left, and given to another machine. It may be called without Start, and twice.
func (j *Jobs) Close() error {
	if j.closed {
		return nil
	}
	j.closed = true
	var err error
	if j.started {

		ctx, cancel := context.WithTimeout(context.Background(), j.cfg.Stop)
		err = j.engine.stop(ctx)
		cancel()
		close(j.over)
		<-j.done
	}
	return errors.Join(err, j.pools.Close())
}

// Add adds a job that may begin at that time; zero is at once. It tells whether one was added: one of the same kind and
// key that is queued or running stands for it.
func (j *Jobs) Add(ctx context.Context, kind, key string, at time.Time) (bool, error) {
	k, ok := j.kind(kind)
	if !ok {
		return false, fmt.Errorf("jobs: no kind %q", kind)
	}
	added, err := j.engine.add(ctx, k, key, at)
	if err != nil {
		return false, fmt.Errorf("jobs: adding %s %s: %w", kind, key, err)
	}
	return added, nil
}

func (j *Jobs) kind(name string) (Kind, bool) {
	i := slices.IndexFunc(j.cfg.Kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return j.cfg.Kinds[i], true
}

// State is where a job stands.
type State string

// The states.
const (
	Queued  State = "queued"  // its time has come
	Waiting State = "waiting" // for its time
	Running State = "running"
	Retry   State = "retry" // it failed, and waits to be tried again
	Done    State = "done"
	Failed  State = "failed" // it was tried as often as its kind is
)

// Line is one job as it is listed.
type Line struct {
	ID      int64
	Kind    string
	Key     string
	Queue   string
	State   State
	Try     int
	Tries   int
	Added   time.Time
	At      time.Time // when it may begin, began or ended
	Machine string    // who has it, or had it last
	Error   string    // of the last try that failed
}

// List gives the jobs that are queued, running or failed, and with done those of the last day that are done too;
// newest first. A limit of 0 is a thousand.
func (j *Jobs) List(ctx context.Context, done bool, limit int) ([]Line, error) {
	lines, err := j.engine.list(ctx, done, cmp.Or(limit, 1000))
	if err != nil {
		return nil, fmt.Errorf("jobs: listing: %w", err)
	}
	return lines, nil
}

// Leader gives the machine that leads the queue now; empty when none does.
func (j *Jobs) Leader(ctx context.Context) (string, error) {
	who, until, err := j.engine.leader(ctx)
	if err != nil {
		return "", fmt.Errorf("jobs: asking for the leader: %w", err)
	}
	if !until.After(j.cfg.Now()) {
		return "", nil
	}
	return who, nil
}

// ErrNoJob says that there is no job of that number, or that it cannot be tried again since it runs.
var ErrNoJob = errors.New("no such job")

// Retry lets a job be tried again at once, also one that has failed for good.
func (j *Jobs) Retry(ctx context.Context, id int64) (Line, error) {
	l, err := j.engine.retry(ctx, id)
	if err != nil {
		return Line{}, fmt.Errorf("job %d: %w", id, err)
	}
	return l, nil
}

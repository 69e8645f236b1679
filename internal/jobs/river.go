package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"utkik/internal/store"
	"utkik/internal/trace"
)

// engine is river on one of the two databases, whose transactions have different types.
type engine interface {
	start(context.Context) error
	stop(context.Context) error
	add(ctx context.Context, k Kind, key string, at time.Time) (bool, error)
	alive(ctx context.Context, id int64, now time.Time) error
	list(ctx context.Context, done bool, limit int) ([]Line, error)
	retry(ctx context.Context, id int64) (Line, error)
	leader(ctx context.Context) (who string, until time.Time, err error)
}

func migrate(ctx context.Context, q *store.Queue) error {
	if q.Postgres != nil {
		return migrateTo(ctx, riverpgxv5.New(q.Postgres))
	}
	return migrateTo(ctx, riversqlite.New(q.SQLite))
}

func migrateTo[T any](ctx context.Context, d riverdriver.Driver[T]) error {
	m, err := rivermigrate.New(d, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

func (j *Jobs) newEngine(q *store.Queue) (engine, error) {
	if q.Postgres != nil {
		return newQueue(j, riverpgxv5.New(q.Postgres), func(ctx context.Context, tx store.Tx, job *river.Job[task]) error {
			_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx.Postgres, job)
			return err
		})
	}
	return newQueue(j, riversqlite.New(q.SQLite), func(ctx context.Context, tx store.Tx, job *river.Job[task]) error {
		_, err := river.JobCompleteTx[*riversqlite.Driver](ctx, tx.SQLite, job)
		return err
	})
}

// The transactions that the two drivers know.
var (
	_ riverdriver.Driver[pgx.Tx]  = (*riverpgxv5.Driver)(nil)
	_ riverdriver.Driver[*sql.Tx] = (*riversqlite.Driver)(nil)
)

// task is the arguments of every job.
type task struct {
	kind string
	Name string `json:"key"`
}

// Kind is what river calls the job.
func (t task) Kind() string { return t.kind }

type queue[T any] struct {
	client *river.Client[T]
	driver riverdriver.Driver[T]
}

func newQueue[T any](j *Jobs, d riverdriver.Driver[T], complete func(context.Context, store.Tx, *river.Job[task]) error) (engine, error) {
	conf := &river.Config{
		Logger:               slog.New(above{j.cfg.Log.Handler(), slog.LevelWarn}),
		RescueStuckJobsAfter: j.cfg.dead, // their time is told by worker.Timeout
		JobTimeout:           -1,
		FetchPollInterval:    2 * time.Second, // what is added here, or on PostgreSQL anywhere, is fetched at once
		Workers:              river.NewWorkers(),
	}
	w := &worker{jobs: j, complete: complete, failed: &running{ids: map[int64]bool{}}}
	for _, k := range j.cfg.Kinds {
		river.AddWorkerArgs(conf.Workers, task{kind: k.Name}, river.Worker[task](w))
	}
	if len(j.cfg.Queues) > 0 {
		conf.Queues = map[string]river.QueueConfig{}
		for name, n := range j.cfg.Queues {
			conf.Queues[name] = river.QueueConfig{MaxWorkers: n}
		}
		for _, k := range j.cfg.Kinds {
			if k.Every > 0 {
				conf.PeriodicJobs = append(conf.PeriodicJobs, river.NewPeriodicJob(river.PeriodicInterval(k.Every),
					func() (river.JobArgs, *river.InsertOpts) { return task{kind: k.Name}, options(k, time.Time{}) },
					&river.PeriodicJobOpts{RunOnStart: true}))
			}
		}
	}
	client, err := river.NewClient(d, conf)
	if err != nil {
		return nil, err
	}
	w.me = client.ID()
	return &queue[T]{client, d}, nil
}

// open are the states of a job that is not over.
func open() []rivertype.JobState {
	return []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled}
}

func options(k Kind, at time.Time) *river.InsertOpts {
	return &river.InsertOpts{
		Queue: k.Queue, MaxAttempts: k.Tries, ScheduledAt: at,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: open()},
	}
}

func (q *queue[T]) start(ctx context.Context) error { return q.client.Start(ctx) }

// stop tells running jobs to end at once: they are cut where they stand in order, and begun again by another.
func (q *queue[T]) stop(ctx context.Context) error {
	err := q.client.StopAndCancel(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("a job did not end in time; it is begun again when it has shown no life for a while")
	}
	return err
}

func (q *queue[T]) add(ctx context.Context, k Kind, key string, at time.Time) (bool, error) {
	r, err := q.client.Insert(ctx, task{k.Name, key}, options(k, at))
	if err != nil {
		return false, err
	}
	return !r.UniqueSkippedAsDuplicate, nil
}

func (q *queue[T]) alive(ctx context.Context, id int64, now time.Time) error {
	_, err := q.driver.GetExecutor().JobUpdateFull(ctx, &riverdriver.JobUpdateFullParams{ID: id, AttemptedAtDoUpdate: true, AttemptedAt: &now})
	return err
}

func (q *queue[T]) list(ctx context.Context, done bool, limit int) ([]Line, error) {
	states := append(open(), rivertype.JobStateDiscarded, rivertype.JobStateCancelled)
	if done {
		states = append(states, rivertype.JobStateCompleted)
	}
	r, err := q.client.JobList(ctx, river.NewJobListParams().States(states...).OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(limit))
	if err != nil {
		return nil, err
	}
	out := make([]Line, len(r.Jobs))
	for i, row := range r.Jobs {
		out[i] = line(row)
	}
	return out, nil
}

func (q *queue[T]) retry(ctx context.Context, id int64) (Line, error) {
	row, err := q.client.JobGet(ctx, id)
	if err == nil && row.State == rivertype.JobStateRunning {
		return line(row), fmt.Errorf("it is running on %s: wait until it has ended: %w", machine(row), ErrNoJob)
	}
	if err == nil {
		row, err = q.client.JobRetry(ctx, id)
	}
	if errors.Is(err, rivertype.ErrNotFound) {
		return Line{}, ErrNoJob
	}
	if err != nil {
		return Line{}, err
	}
	return line(row), nil
}

func (q *queue[T]) leader(ctx context.Context) (string, time.Time, error) {
	l, err := q.driver.GetExecutor().LeaderGetElectedLeader(ctx, &riverdriver.LeaderGetElectedLeaderParams{})
	if errors.Is(err, rivertype.ErrNotFound) {
		return "", time.Time{}, nil
	}
	if err != nil {
		return "", time.Time{}, err
	}
	return l.LeaderID, l.ExpiresAt, nil
}

func line(row *rivertype.JobRow) Line {
	l := Line{ID: row.ID, Kind: row.Kind, Key: key(row), Queue: row.Queue, Try: row.Attempt, Tries: row.MaxAttempts,
		Added: row.CreatedAt.UTC(), At: row.ScheduledAt.UTC(), Machine: machine(row)}
	switch row.State {
	case rivertype.JobStateAvailable:
		l.State = Queued
	case rivertype.JobStateRunning:
		l.State = Running
		if row.AttemptedAt != nil {
			l.At = row.AttemptedAt.UTC()
		}
	case rivertype.JobStateRetryable:
		l.State = Retry
	case rivertype.JobStateCompleted:
		l.State = Done
	case rivertype.JobStateDiscarded, rivertype.JobStateCancelled:
		l.State = Failed
	default:
		l.State = Waiting
	}
	if row.FinalizedAt != nil {
		l.At = row.FinalizedAt.UTC()
	}
	if n := len(row.Errors); n > 0 && l.State != Done {
		l.Error = row.Errors[n-1].Error
	}
	return l
}

func machine(row *rivertype.JobRow) string {
	if n := len(row.AttemptedBy); n > 0 {
		return row.AttemptedBy[n-1]
	}
	return ""
}

// worker does the jobs of every kind.
type worker struct {
	river.WorkerDefaults[task]
	jobs     *Jobs
	me       string
	failed   *running // here, or may do so yet: until it is known when they are tried again
	complete func(context.Context, store.Tx, *river.Job[task]) error
}

// Timeout is how long a job may run: as long as it takes, since it shows that it is alive. River asks also of jobs that
// have long been running whether they are to be taken for dead: those of this machine that run are not.
func (w *worker) Timeout(job *river.Job[task]) time.Duration {
	if w.jobs.running.has(job.ID) || machine(job.JobRow) == w.me && w.fresh(job) {
		return -1
	}
	return w.jobs.cfg.dead / 2
}

// fresh tells whether the job has only just been given to this machine. Clocks may differ by minutes.
func (w *worker) fresh(job *river.Job[task]) bool {
	return job.AttemptedAt != nil && w.jobs.cfg.Now().Sub(*job.AttemptedAt) < 5*w.jobs.cfg.dead
}

// NextRetry is when a job that failed is tried again. One that did not fail here is that of a dead machine. It is begun
// again soon; should it be the job that kills machines, it does not kill all of them at once.
func (w *worker) NextRetry(job *river.Job[task]) time.Time {
	if !w.failed.has(job.ID) {
		return w.jobs.cfg.Now().Add(w.jobs.cfg.dead / 12)
	}
	w.failed.remove(job.ID)
	k, _ := w.jobs.kind(job.JobRow.Kind)
	wait := k.Again << min(max(job.Attempt-1, 0), 16)
	if wait <= 0 || wait > mostAgain {
		wait = mostAgain
	}
	return w.jobs.cfg.Now().Add(wait)
}

// Work does one job.
func (w *worker) Work(ctx context.Context, job *river.Job[task]) error {
	k, ok := w.jobs.kind(job.JobRow.Kind)
	if !ok {
		return fmt.Errorf("no kind %q in this program", job.JobRow.Kind) // unreachable: river knows the same kinds
	}
	w.jobs.running.add(job.ID)
	defer w.jobs.running.remove(job.ID)
	w.failed.add(job.ID) // a panic is a failure too
	ctx = trace.With(ctx, fmt.Sprintf("job-%d-%d", job.ID, job.Attempt))
	// A run that is saved whole is done: whatever becomes of the machine in the next moment.
	ctx = store.Along(ctx, func(_ context.Context, tx store.Tx, run store.Run) error {
		if !run.Complete || run.Error != "" {
			return nil
		}
		err := w.complete(ctx, tx, job)
		if errors.Is(err, rivertype.ErrNotFound) {
			return nil // it was taken for dead and given to another, who will find the work done
		}
		return err
	})
	err := k.Do(ctx, Job{ID: job.ID, Kind: k.Name, Key: job.Args.Name, Try: job.Attempt})
	var later *Later
	switch {
	case err == nil:
		w.failed.remove(job.ID)
		return nil
	case errors.As(err, &later):
		w.jobs.cfg.Log.DebugContext(ctx, "job waits", "job", job.ID, "kind", k.Name, "key", job.Args.Name, "why", later.Why)
		w.failed.remove(job.ID)
		return river.JobSnooze(later.For)
	case ctx.Err() != nil: // the program is stopped, which is no failure of the job
		w.failed.remove(job.ID)
		return river.JobSnooze(time.Second)
	}
	w.jobs.cfg.Log.WarnContext(ctx, "job failed", "job", job.ID, "kind", k.Name, "key", job.Args.Name, "try", job.Attempt, "of", job.MaxAttempts, "err", err)
	return err
}

// running is which jobs run here.
type running struct {
	mu  sync.Mutex
	ids map[int64]bool
}

func (r *running) add(id int64)    { r.mu.Lock(); r.ids[id] = true; r.mu.Unlock() }
func (r *running) remove(id int64) { r.mu.Lock(); delete(r.ids, id); r.mu.Unlock() }

func (r *running) has(id int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids[id]
}

func (r *running) all() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.ids))
}

// above passes records of a level and more.
type above struct {
	slog.Handler
	least slog.Level
}

func (a above) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= a.least && a.Handler.Enabled(ctx, l)
}

// Handle leaves out what was only interrupted: river calls it an error when it is stopped while it starts.
func (a above) Handle(ctx context.Context, r slog.Record) error {
	interrupted := false
	r.Attrs(func(x slog.Attr) bool {
		interrupted = interrupted || x.Key == "err" && strings.Contains(x.Value.String(), context.Canceled.Error())
		return !interrupted
	})
	if interrupted {
		return nil
	}
	return a.Handler.Handle(ctx, r)
}

func (a above) WithAttrs(as []slog.Attr) slog.Handler { return above{a.Handler.WithAttrs(as), a.least} }
func (a above) WithGroup(name string) slog.Handler    { return above{a.Handler.WithGroup(name), a.least} }

func key(row *rivertype.JobRow) string {
	var t task
	if err := json.Unmarshal(row.EncodedArgs, &t); err != nil {
		return ""
	}
	return t.Name
}

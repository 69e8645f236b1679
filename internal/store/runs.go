package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/trace"
)

// Run is one pass over a source.
type Run struct {
	ID          int64
	Source      string
	Kind        string    // crawl, reparse or import
	Started     time.Time // UTC, as all times here
	Ended       time.Time // zero while it is going on
	Requests    int
	NotModified int
	Bytes       int64 // bodies received
	Seen        int   // items listed
	Added       int
	Changed     int
	Gone        int
	Quarantined int
	Complete    bool // everything that the source lists was read
	Baseline    bool // the first complete run of its source
	Suspect     bool // saved, but shown to the operator
	Judged      bool // what it read was laid beside what was known; set by [Store.Commit]
	Error       string
	Fault       kind.Fault // class of Error
	Findings    []kind.Finding
	Notes       []string
	Trace       string // by which its lines are found in the log; that of the context in which it began
}

// BeginRun takes hold of the source and writes a run's first row. While another process or goroutine has
// hold of the source it is ErrRunning. An earlier run that was left open, because its process died, is
// ended with the error "interrupted".
func (s *Store) BeginRun(ctx context.Context, source, kind string, started time.Time) (Run, error) {
	if source == "" || started.IsZero() {
		return Run{}, fmt.Errorf("store %s: a run needs a source and a time", s.path)
	}
	h, err := s.hold(ctx, "run-"+url.PathEscape(source))
	if errors.Is(err, errHeld) {
		return Run{}, s.running(ctx, source)
	}
	if err != nil {
		return Run{}, s.fail("taking hold of "+source, nothingSaved, err)
	}
	r := Run{Source: source, Kind: kind, Started: at(ms(started)), Trace: trace.From(ctx)}
	err = s.write(ctx, survivesPower, func(t *txn) error {
		if _, err := t.exec(runInterrupt, ms(started), source); err != nil {
			return err
		}
		return t.row(runInsert, source, kind, ms(started), r.Trace).Scan(&r.ID)
	})
	if err != nil {
		h.free()
		return Run{}, s.fail("beginning a run of "+source, nothingSaved, err)
	}
	s.mu.Lock()
	s.holds[r.ID] = h
	s.mu.Unlock()
	return r, nil
}

func (s *Store) running(ctx context.Context, source string) error {
	since := ""
	var started int64
	switch err := s.row(ctx, runOpen, source).Scan(&started); {
	case err == nil:
		since = " since " + at(started).Format(time.RFC3339)
	case !errors.Is(err, sql.ErrNoRows): // no row: the other has only just taken hold
		return s.fail("asking for the run of "+source, nothingSaved, err)
	}
	return fmt.Errorf("source %s: another run of it has been going on%s: wait until it has ended, or stop that process: %w", source, since, ErrRunning)
}

// EndRun writes the run's row and lets go of the source, also when the row could not be written. A run
// without an end ends now. After [Store.Commit] it is not needed, and does no harm; nor where the source was taken
// over meanwhile: the run was ended then.
func (s *Store) EndRun(ctx context.Context, r Run) error {
	defer s.letGo(r.ID)
	err := s.write(ctx, survivesPower, func(t *txn) error { return s.updateRun(t, r) })
	if err != nil && !errors.Is(err, errTaken) {
		return s.fail(fmt.Sprintf("ending run %d of %s", r.ID, r.Source), nothingSaved, err)
	}
	return nil
}

func (s *Store) updateRun(t *txn, r Run) error {
	if r.Ended.IsZero() {
		r.Ended = s.now()
	}
	notes, err := json.Marshal(append([]string{}, r.Notes...))
	if err != nil {
		return err
	}
	findings, err := json.Marshal(append([]kind.Finding{}, r.Findings...))
	if err != nil {
		return err
	}
	n, err := t.exec(runUpdate, ms(r.Ended), r.Requests, r.NotModified, r.Bytes, r.Seen, r.Added, r.Changed, r.Gone,
		r.Quarantined, bit(r.Complete), bit(r.Baseline), bit(r.Suspect), bit(r.Judged), r.Error, string(r.Fault), string(findings), string(notes), r.ID)
	if err != nil || n > 0 {
		return err
	}
	var ended int64
	if err := t.row(runEnded, r.ID).Scan(&ended); errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("run %d: %w", r.ID, ErrNotFound)
	} else if err != nil {
		return err
	}
	return fmt.Errorf("run %d was %w at %s: its result is left out, the later run has a newer one",
		r.ID, errTaken, at(ended).Format(time.RFC3339))
}

// errTaken tells that another process has begun a run of the same source, and so ended this one. On one machine
// that needs the death of this process; on PostgreSQL the loss of the connection that held the source suffices. What
// the later run will have read is newer.
var errTaken = errors.New("ended as interrupted when another process began a run of its source")

// letGo frees the source that the run holds, if it still does.
func (s *Store) letGo(run int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.holds[run]; ok {
		h.free() // closing a file that nothing was written to
		delete(s.holds, run)
	}
}

// Runs gives the latest runs, newest first: of the source, or of all when it is empty. A limit of 0 is none.
func (s *Store) Runs(ctx context.Context, source string, limit int) ([]Run, error) {
	if source == "" {
		return all(ctx, s, scanRun, runList, most(limit))
	}
	return all(ctx, s, scanRun, runListSource, source, most(limit))
}

// RunsBefore gives the runs with a lower id, of the source or of all when it is empty, newest first. An id of 0 begins with
// the newest; a limit of 0 is none.
func (s *Store) RunsBefore(ctx context.Context, source string, id int64, limit int) ([]Run, error) {
	if id == 0 {
		id = math.MaxInt64
	}
	return all(ctx, s, scanRun, runBefore, id, source, most(limit))
}

// LastComplete gives the source's latest crawl that read everything; ErrNotFound when there was none.
func (s *Store) LastComplete(ctx context.Context, source string) (Run, error) {
	return one(ctx, s, "complete run of "+source, scanRun, runLastComplete, source)
}

func scanRun(row scanner) (Run, error) {
	var r Run
	var started, ended int64
	var notes, findings string
	err := row.Scan(&r.ID, &r.Source, &r.Kind, &started, &ended, &r.Requests, &r.NotModified, &r.Bytes, &r.Seen, &r.Added,
		&r.Changed, &r.Gone, &r.Quarantined, &r.Complete, &r.Baseline, &r.Suspect, &r.Judged, &r.Error, &r.Fault, &findings, &notes, &r.Trace)
	if err != nil {
		return Run{}, err
	}
	r.Started, r.Ended = at(started), at(ended)
	if err := json.Unmarshal([]byte(notes), &r.Notes); err != nil {
		return Run{}, fmt.Errorf("run %d: notes: %v", r.ID, err)
	}
	if err := json.Unmarshal([]byte(findings), &r.Findings); err != nil {
		return Run{}, fmt.Errorf("run %d: findings: %v", r.ID, err)
	}
	if len(r.Notes) == 0 {
		r.Notes = nil
	}
	if len(r.Findings) == 0 {
		r.Findings = nil
	}
	return r, nil
}

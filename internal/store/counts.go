package store

import (
	"context"
	"slices"
	"time"
)

// Counts is what the store holds, counted for whoever watches over it.
type Counts struct {
	Runs    []RunCount    // by source, kind and result
	Sources []SourceCount // by source: every one that has a run or a call
	Mails   []MailCount   // by state, without those that were sent
	Tries   Tries
	Notices int   // open ones
	Top     Marks // where the feeds stand
}

// RunResult is how a run went, in one word.
type RunResult string

// The results.
const (
	RunComplete    RunResult = "complete"
	RunIncomplete  RunResult = "incomplete"  // not read to the end
	RunQuarantined RunResult = "quarantined" // read, but not believed
	RunFailed      RunResult = "failed"      // nothing was read
	RunInterrupted RunResult = "interrupted" // its process died
)

// RunResults are all of them.
func RunResults() []RunResult {
	return []RunResult{RunComplete, RunIncomplete, RunQuarantined, RunFailed, RunInterrupted}
}

// RunCount is what the ended runs of a source came to that went alike.
type RunCount struct {
	Source   string
	Kind     string // crawl, reparse, import, or a decision
	Result   RunResult
	Runs     int64
	Requests int64
	Bytes    int64
	Seen     int64
	Added    int64
	Changed  int64
	Gone     int64
	Held     int64 // put in quarantine
}

// SourceCount is where a source stands.
type SourceCount struct {
	Source   string
	Calls    int64
	Held     int64     // in quarantine now
	Complete time.Time // end of its latest complete crawl, zero when there was none
	Open     time.Time // begin of the run that is going on, zero when none is
}

// Tries are the tries to send mails, counted by kind of mail and outcome. There are millions after some years and none is
// ever altered, so that they are counted on from where they were counted before.
type Tries struct {
	Through int64 // id of the latest that is counted
	By      []TryCount
}

// TryCount is how many tries to send mails of a kind had an outcome: sent, later or refused.
type TryCount struct {
	Kind    string
	Outcome string
	Tries   int64
}

// triesAtOnce bounds one statement that counts them.
const triesAtOnce = 100_000

// Marks are the highest numbers of the feeds that were given.
type Marks struct{ Rev, Seq int64 }

// Count counts. tries are those that were counted before, which are not read again; zero counts all. After an error they
// stand as far as they were counted.
func (s *Store) Count(ctx context.Context, tries Tries) (Counts, error) {
	c := Counts{Tries: tries}
	var err error
	c.Runs, err = all(ctx, s, func(row scanner) (RunCount, error) {
		var r RunCount
		err := row.Scan(&r.Source, &r.Kind, &r.Result, &r.Runs, &r.Requests, &r.Bytes, &r.Seen, &r.Added, &r.Changed, &r.Gone, &r.Held)
		return r, err
	}, runCounts)
	if err != nil {
		return c, err
	}
	c.Sources, err = all(ctx, s, func(row scanner) (SourceCount, error) {
		var r SourceCount
		var complete, open int64
		err := row.Scan(&r.Source, &r.Calls, &r.Held, &complete, &open)
		r.Complete, r.Open = at(complete), at(open)
		return r, err
	}, sourceCounts)
	if err != nil {
		return c, err
	}
	mails, err := all(ctx, s, scanMailCount, outboxWaiting)
	if err != nil {
		return c, err
	}
	c.Mails = mails
	if err := s.countTries(ctx, &c.Tries); err != nil {
		return c, err
	}
	notices, err := one(ctx, s, "open notices", scanNumber, noticeCount)
	if err != nil {
		return c, err
	}
	c.Notices = int(notices)
	c.Top, err = one(ctx, s, "the feeds", func(row scanner) (m Marks, err error) {
		err = row.Scan(&m.Rev, &m.Seq)
		return m, err
	}, counterGet)
	return c, err
}

// countTries counts on.
func (s *Store) countTries(ctx context.Context, t *Tries) error {
	last, err := one(ctx, s, "tries to send", scanNumber, sentLast)
	if err != nil {
		return err
	}
	for t.Through < last {
		until := min(t.Through+triesAtOnce, last)
		more, err := all(ctx, s, func(row scanner) (TryCount, error) {
			var c TryCount
			err := row.Scan(&c.Kind, &c.Outcome, &c.Tries)
			return c, err
		}, sentCounts, t.Through, until)
		if err != nil {
			return err
		}
		by := slices.Clone(t.By)
		for _, m := range more {
			i := slices.IndexFunc(by, func(c TryCount) bool { return c.Kind == m.Kind && c.Outcome == m.Outcome })
			if i < 0 {
				by = append(by, m)
			} else {
				by[i].Tries += m.Tries
			}
		}
		t.Through, t.By = until, by
	}
	return nil
}

// Behind tells how many calls a reader of the feed of [Store.Changed] that stands at rev has not read, and how many one of
// [Store.Touched] that stands at touched.
func (s *Store) Behind(ctx context.Context, rev, touched int64) (changed, touches int64, err error) {
	behind, err := one(ctx, s, "the feeds", func(row scanner) (n [2]int64, err error) {
		err = row.Scan(&n[0], &n[1])
		return n, err
	}, callBehind, rev, touched)
	return behind[0], behind[1], err
}

// Size is how many bytes the database takes, as its engine counts them.
func (s *Store) Size(ctx context.Context) (int64, error) {
	query := sqliteSize
	if s.locks != nil {
		query = postgresSize
	}
	var n int64
	if err := s.reader.QueryRowContext(ctx, query).Scan(&n); err != nil {
		return 0, s.fail("asking for its size", "", err)
	}
	return n, nil
}

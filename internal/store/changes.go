package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"utkik/internal/call"
)

// ChangeQuery asks for a part of the change log. What is left zero does not narrow it.
type ChangeQuery struct {
	Source string
	Since  time.Time // from then on
	Until  time.Time // before then
	After  int64     // seq
	Limit  int
	Key    call.Key // one call
}

// Changes gives lines of the change log, by seq.
func (s *Store) Changes(ctx context.Context, q ChangeQuery) ([]call.Change, error) {
	since, until := int64(math.MinInt64), int64(math.MaxInt64)
	if !q.Since.IsZero() {
		since = ceilMS(q.Since)
	}
	if !q.Until.IsZero() {
		until = ceilMS(q.Until)
	}
	switch {
	case q.Key != call.Key{}:
		if q.Source != "" && q.Source != q.Key.Source {
			return nil, nil
		}
		return all(ctx, s, scanChange, changeListCall, q.After, since, until, q.Key.Source, q.Key.Ref, most(q.Limit))
	case q.Source != "":
		return all(ctx, s, scanChange, changeListSource, q.After, since, until, q.Source, most(q.Limit))
	}
	return all(ctx, s, scanChange, changeList, q.After, since, until, most(q.Limit))
}

// ChangesOf gives the change log of those calls, of each by seq.
func (s *Store) ChangesOf(ctx context.Context, keys []call.Key) (map[call.Key][]call.Change, error) {
	out := make(map[call.Key][]call.Change, len(keys))
	return out, bySource(keys, func(source string, refs []string) error {
		return each(ctx, s, scanChange, func(c call.Change) error { out[c.Key()] = append(out[c.Key()], c); return nil }, changeListOf, source, list(refs))
	})
}

// ChangeUpTo gives the last line of the change log up to that seq, nil when there is none.
func (s *Store) ChangeUpTo(ctx context.Context, seq int64) (*call.Change, error) {
	c, err := one(ctx, s, "change log", scanChange, changeUpTo, seq)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &c, nil
}

// ceilMS is the first stored time that is not before t.
func ceilMS(t time.Time) int64 {
	m := t.UnixMilli()
	if time.UnixMilli(m).Before(t) {
		m++
	}
	return m
}

func scanChange(row scanner) (call.Change, error) {
	var c call.Change
	var when int64
	err := row.Scan(&c.Seq, &when, &c.Source, &c.Ref, &c.Event, &c.Field, &c.Old, &c.New, &c.Material, &c.Baseline, &c.Mended)
	c.At = at(when)
	return c, err
}

// about says of which call an error speaks.
func about(key call.Key, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("call %s: %w", key, err)
}

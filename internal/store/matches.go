package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"utkik/internal/call"
	"utkik/internal/match"
)

// Matched is a call and how it stands to the priorities of a plan.
type Matched struct {
	Key     call.Key
	Results []match.Result // none: nothing is stored for the call
}

// cursorOfMatches names the cursor of a plan's matches.
func cursorOfMatches(plan string) string { return "match:" + plan }

// Cursor gives how far the reader of that name has come; 0 when it was never set.
func (s *Store) Cursor(ctx context.Context, name string) (int64, error) {
	var v int64
	err := s.row(ctx, cursorGet, name).Scan(&v)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, s.fail("cursor "+name, "", err)
	}
	return v, nil
}

// SetCursor sets how far the reader of that name has come; also backwards.
func (s *Store) SetCursor(ctx context.Context, name string, v int64) error {
	err := s.write(ctx, survivesPower, func(t *txn) error {
		_, err := t.exec(cursorSet, name, v)
		return err
	})
	if err != nil {
		return s.fail("setting cursor "+name, nothingSaved, err)
	}
	return nil
}

// SaveMatches puts the results of these calls in the place of what is stored for the plan, in one
// transaction with the plan's hash and the cursor "match:"+plan. It raises Touched where the results became
// others. Matches of calls that are not named stay; a call that is not stored is ErrNotFound.
func (s *Store) SaveMatches(ctx context.Context, plan, hash string, ms []Matched, cursor int64) error {
	doing := "saving matches of plan " + plan
	type row struct {
		json []byte
		hash string
	}
	rows := make([]row, len(ms))
	for i, m := range ms {
		if len(m.Results) == 0 {
			continue
		}
		text, err := json.Marshal(m.Results)
		if err != nil {
			return s.fail(doing, nothingSaved, about(m.Key, err))
		}
		rows[i] = row{text, digest(text)}
	}
	err := s.write(ctx, survivesPower, func(t *txn) error {
		rev, _, err := t.take(0, 0)
		if err != nil {
			return err
		}
		var touched int64
		for i, m := range ms {
			if err := t.stop(); err != nil {
				return err
			}
			changed, err := saveMatch(t, plan, m.Key, rows[i].json, rows[i].hash, rev+touched+1)
			if err != nil {
				return about(m.Key, err)
			}
			if changed {
				touched++
			}
		}
		if _, err := t.exec(planSet, plan, hash); err != nil {
			return err
		}
		if _, err := t.exec(cursorSet, cursorOfMatches(plan), cursor); err != nil {
			return err
		}
		if touched > 0 {
			_, _, err = t.take(touched, 0)
		}
		return err
	})
	if err != nil {
		return s.fail(doing, nothingSaved, err)
	}
	return nil
}

// saveMatch tells whether the call's results became others; then it was touched with that number.
func saveMatch(t *txn, plan string, key call.Key, text []byte, hash string, touch int64) (bool, error) {
	var id int64
	var was string
	err := t.row(matchState, plan, key.Source, key.Ref).Scan(&id, &was)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, ErrNotFound
	case err != nil:
		return false, err
	case was == hash:
		return false, nil
	case hash == "":
		_, err = t.exec(matchDelete, plan, id)
	default:
		var packed []byte
		if packed, err = pack(text); err != nil {
			return false, err
		}
		_, err = t.exec(matchSet, plan, id, hash, packed)
	}
	if err != nil {
		return false, err
	}
	_, err = t.exec(callTouch, touch, id)
	return true, err
}

// MatchState gives the hash of the plan by which the stored matches were made, and how far in the feed of
// [Store.Changed] they reach; empty and 0 when the plan was never matched.
func (s *Store) MatchState(ctx context.Context, plan string) (hash string, cursor int64, err error) {
	err = s.row(ctx, planHash, plan).Scan(&hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", 0, s.fail("plan "+plan, "", err)
	}
	cursor, err = s.Cursor(ctx, cursorOfMatches(plan))
	return hash, cursor, err
}

// Matches gives the results of one call as they were saved; none when there are none.
func (s *Store) Matches(ctx context.Context, plan string, key call.Key) ([]match.Result, error) {
	var packed []byte
	err := s.row(ctx, matchOne, plan, key.Source, key.Ref).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	var out []match.Result
	if err == nil {
		out, err = unpackResults(packed)
	}
	if err != nil {
		return nil, s.fail(fmt.Sprintf("matches of %s in plan %s", key, plan), "", err)
	}
	return out, nil
}

// AllMatches gives the results of every call that has any.
func (s *Store) AllMatches(ctx context.Context, plan string) (map[call.Key][]match.Result, error) {
	out := map[call.Key][]match.Result{}
	err := each(ctx, s, scanMatched, func(m Matched) error { out[m.Key] = m.Results; return nil }, matchList, plan)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// EachMatched hands on every call that has results, one at a time. It ends with the first error of fn, and gives it
// back as it is.
func (s *Store) EachMatched(ctx context.Context, plan string, fn func(Matched) error) error {
	return each(ctx, s, scanMatched, fn, matchList, plan)
}

func scanMatched(row scanner) (Matched, error) {
	var m Matched
	var packed []byte
	if err := row.Scan(&m.Key.Source, &m.Key.Ref, &packed); err != nil {
		return Matched{}, err
	}
	var err error
	m.Results, err = unpackResults(packed)
	return m, about(m.Key, err)
}

func unpackResults(packed []byte) ([]match.Result, error) {
	text, err := unpack(packed)
	if err != nil {
		return nil, err
	}
	var out []match.Result
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("stored matches cannot be read: %v", err)
	}
	return out, nil
}

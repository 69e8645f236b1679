package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

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
	all := make([]MatchedAll, len(ms))
	for i, m := range ms {
		all[i] = MatchedAll{Key: m.Key, Results: map[string][]match.Result{plan: m.Results}}
	}
	return s.SaveAllMatches(ctx, map[string]string{plan: hash}, all, cursor)
}

// MatchedAll is a call and how it stands to the priorities of several plans.
type MatchedAll struct {
	Key     call.Key
	Results map[string][]match.Result // by plan; nothing is stored for a plan that is missing, or has none
}

// SaveAllMatches does for several plans what [Store.SaveMatches] does for one: plans holds their hashes by id. What it costs
// grows with what matches, and not with the number of plans.
func (s *Store) SaveAllMatches(ctx context.Context, plans map[string]string, ms []MatchedAll, cursor int64) error {
	doing := fmt.Sprintf("saving matches of %d plans", len(plans))
	ids := slices.Sorted(maps.Keys(plans))
	if len(ids) == 1 {
		doing = "saving matches of plan " + ids[0]
	}
	type row struct {
		json []byte
		hash string
	}
	rows := make([]map[string]row, len(ms))
	for i, m := range ms {
		rows[i] = make(map[string]row, len(m.Results))
		for plan, results := range m.Results {
			if _, known := plans[plan]; !known {
				return fmt.Errorf("store %s: %s: results of %s for plan %q, which is not among them", s.path, doing, m.Key, plan)
			}
			if len(results) == 0 {
				continue
			}
			text, err := json.Marshal(results)
			if err != nil {
				return s.fail(doing, nothingSaved, about(m.Key, err))
			}
			rows[i][plan] = row{text, digest(text)}
		}
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
			id, was, err := t.matchesOf(m.Key)
			if err != nil {
				return about(m.Key, err)
			}
			altered := false
			for _, plan := range ids {
				now := rows[i][plan]
				switch {
				case was[plan] == now.hash:
					continue
				case now.hash == "":
					_, err = t.exec(matchDelete, plan, id)
				default:
					var packed []byte
					if packed, err = pack(now.json); err == nil {
						_, err = t.exec(matchSet, plan, id, now.hash, packed)
					}
				}
				if err != nil {
					return about(m.Key, err)
				}
				altered = true
			}
			if !altered {
				continue
			}
			touched++
			if _, err := t.exec(callTouch, rev+touched, id); err != nil {
				return about(m.Key, err)
			}
		}
		for _, plan := range ids {
			if _, err := t.exec(planSet, plan, plans[plan]); err != nil {
				return err
			}
			if _, err := t.exec(cursorSet, cursorOfMatches(plan), cursor); err != nil {
				return err
			}
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

// matchesOf gives a call's row and the hashes of what is stored for it, by plan.
func (t *txn) matchesOf(key call.Key) (id int64, hashes map[string]string, err error) {
	found := false
	err = eachIn(t, func(row scanner) error {
		var plan, hash string
		if err := row.Scan(&id, &plan, &hash); err != nil {
			return err
		}
		found = true
		if plan != "" {
			if hashes == nil {
				hashes = map[string]string{}
			}
			hashes[plan] = hash
		}
		return nil
	}, matchState, key.Source, key.Ref)
	if err != nil {
		return 0, nil, err
	}
	if !found {
		return 0, nil, ErrNotFound
	}
	return id, hashes, nil
}

// PlanState is how far a plan's stored matches reach.
type PlanState struct {
	Hash   string // of the plan by which they were made
	Cursor int64  // in the feed of [Store.Changed]
}

// PlanStates gives the state of every plan that was ever matched, by id.
func (s *Store) PlanStates(ctx context.Context) (map[string]PlanState, error) {
	out := map[string]PlanState{}
	type named struct {
		id string
		PlanState
	}
	err := each(ctx, s, func(row scanner) (n named, err error) {
		err = row.Scan(&n.id, &n.Hash, &n.Cursor)
		return n, err
	}, func(n named) error { out[n.id] = n.PlanState; return nil }, planStates)
	return out, err
}

// MatchesOf gives the results of one call for every plan that has any.
func (s *Store) MatchesOf(ctx context.Context, key call.Key) (map[string][]match.Result, error) {
	out := map[string][]match.Result{}
	type of struct {
		plan    string
		results []match.Result
	}
	err := each(ctx, s, func(row scanner) (o of, err error) {
		var packed []byte
		if err = row.Scan(&o.plan, &packed); err == nil {
			o.results, err = unpackResults(packed)
		}
		return o, about(key, err)
	}, func(o of) error { out[o.plan] = o.results; return nil }, matchListCall, key.Source, key.Ref)
	return out, err
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
	err := s.swift(ctx, matchOne, plan, key.Source, key.Ref).Scan(&packed)
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

// MatchesAmong gives the results of those calls that have any, as [Store.Matches] gives them.
func (s *Store) MatchesAmong(ctx context.Context, plan string, keys []call.Key) (map[call.Key][]match.Result, error) {
	out := make(map[call.Key][]match.Result, len(keys))
	return out, bySource(keys, func(source string, refs []string) error {
		return each(ctx, s, scanMatched, func(m Matched) error { out[m.Key] = m.Results; return nil }, matchListOf, plan, source, list(refs))
	})
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

// EachMatchedOf does the same for those calls only that are wanted. What is not is not unpacked, which is nearly all of the work.
func (s *Store) EachMatchedOf(ctx context.Context, plan string, wanted func(call.Key) bool, fn func(Matched) error) error {
	return each(ctx, s, func(row scanner) (m Matched, err error) {
		var packed []byte
		if err = row.Scan(&m.Key.Source, &m.Key.Ref, &packed); err != nil || !wanted(m.Key) {
			return Matched{}, err
		}
		m.Results, err = unpackResults(packed)
		return m, about(m.Key, err)
	}, func(m Matched) error {
		if m.Key == (call.Key{}) {
			return nil
		}
		return fn(m)
	}, matchList, plan)
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

package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"utkik/internal/call"
	"utkik/internal/link"
)

// Linked is a link as it is kept.
type Linked struct {
	link.Stated
	Made time.Time // when it was found, or when a person spoke
	Who  string    // of what a person said
	Why  string
}

// The cursors of linking: how far the facts follow the feed of [Store.Changed], by which rules they were read, how
// often they became others without the links following at once, and which of those times the links are of.
const (
	cursorLink      = "link"
	cursorLinkRules = "link:rules"
	cursorLinkFacts = "link:facts"
	cursorLinkDone  = "link:done"
)

// LinkState is how far linking has come.
type LinkState struct {
	Cursor int64 // in the feed of [Store.Changed]
	Rules  int64 // by which the facts were read
	Facts  int64 // rises whenever the facts of a call become others and the links do not follow at once
	Done   int64 // of which Facts the links are
}

// cursors are where it is kept.
func (st *LinkState) cursors() map[string]*int64 {
	return map[string]*int64{cursorLink: &st.Cursor, cursorLinkRules: &st.Rules, cursorLinkFacts: &st.Facts, cursorLinkDone: &st.Done}
}

// LinkState gives how far linking has come; zero when it never began.
func (s *Store) LinkState(ctx context.Context) (LinkState, error) {
	var st LinkState
	for name, v := range st.cursors() {
		n, err := s.Cursor(ctx, name)
		if err != nil {
			return LinkState{}, err
		}
		*v = n
	}
	return st, nil
}

// SaveLinkFacts keeps the facts of calls, read by those rules, in one transaction with the cursor "link". What is not
// stored is ErrNotFound. With step, links and groups are brought to where [Store.SaveLinks] would bring them, from what the
// changed calls meet and nothing else, and touched is what that method gives; without, and where a step is not enough
// because links are due already or a key came to be a crowd's, [LinkState].Facts tells that they are due.
func (s *Store) SaveLinkFacts(ctx context.Context, facts []link.Facts, rules, cursor int64, step bool) (touched int, err error) {
	const doing = "saving what calls are recognised by"
	texts := make([]string, len(facts))
	for i := range facts {
		b, err := compact(&facts[i])
		if err != nil {
			return 0, s.fail(doing, nothingSaved, about(facts[i].Key, err))
		}
		texts[i] = b
	}
	now := ms(s.now())
	err = s.write(ctx, survivesPower, func(t *txn) error {
		if _, _, err := t.take(0, 0); err != nil {
			return err
		}
		l, err := t.linking(rules, step, now)
		if err != nil {
			return err
		}
		changed := false
		for i := range facts {
			if err := t.stop(); err != nil {
				return err
			}
			f := &facts[i]
			var id, gone int64
			var was string
			switch err := t.row(linkFactState, f.Key.Source, f.Key.Ref).Scan(&id, &gone, &was); {
			case errors.Is(err, sql.ErrNoRows):
				return about(f.Key, ErrNotFound)
			case err != nil:
				return about(f.Key, err)
			}
			if was == texts[i] && gone == bit(f.Gone) {
				continue
			}
			changed = true
			if _, err := t.exec(linkFactSet, id, bit(f.Gone), texts[i]); err != nil {
				return about(f.Key, err)
			}
			if err := l.facts(id, f.Key, f.Gone, was, texts[i]); err != nil {
				return about(f.Key, err)
			}
		}
		if touched, err = l.end(changed); err != nil {
			return err
		}
		if _, err := t.exec(cursorSet, cursorLinkRules, rules); err != nil {
			return err
		}
		_, err = t.exec(cursorSet, cursorLink, cursor)
		return err
	})
	if err != nil {
		return 0, s.fail(doing, nothingSaved, err)
	}
	return touched, nil
}

// compact writes JSON as it is, without the escapes that HTML needs.
func compact(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), err
}

// cursor reads a cursor inside the transaction.
func (t *txn) cursor(name string) (int64, error) {
	var v int64
	err := t.row(cursorState, name).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return v, err
}

// LinkFacts gives the facts of every call, by key.
func (s *Store) LinkFacts(ctx context.Context) ([]link.Facts, error) {
	return all(ctx, s, func(row scanner) (link.Facts, error) {
		var f link.Facts
		var key call.Key
		var gone bool
		var text string
		if err := row.Scan(&key.Source, &key.Ref, &gone, &text); err != nil {
			return f, err
		}
		err := json.Unmarshal([]byte(text), &f)
		f.Key, f.Gone = key, gone
		return f, about(key, err)
	}, linkFactList)
}

// SaveLinks puts what was found ([link.Offers], and of these [link.Choose]) in the place of what was found before, in one
// transaction with the groups that come of it; done is the [LinkState].Facts of which it is. What a person said stays. It
// raises Touched of every call whose group became another, and tells how many those are. A call that is not stored is
// ErrNotFound.
func (s *Store) SaveLinks(ctx context.Context, offers, found []link.Link, done int64) (touched int, err error) {
	at := s.now()
	err = s.write(ctx, survivesPower, func(t *txn) error {
		if _, _, err := t.take(0, 0); err != nil {
			return err
		}
		ids := map[call.Key]int64{}
		if _, err := t.exec(offerClear); err != nil {
			return err
		}
		for _, l := range offers {
			a, b, err := t.pair(l.A, l.B, ids)
			if err == nil {
				err = t.tell(offerSet, a, b, l)
			}
			if err != nil {
				return err
			}
		}
		was, err := t.links()
		if err != nil {
			return err
		}
		known := make(map[[2]call.Key]Linked, len(was))
		for _, l := range was {
			known[[2]call.Key{l.A, l.B}] = l
		}
		for _, l := range found {
			pair := [2]call.Key{l.A, l.B}
			old, there := known[pair]
			delete(known, pair)
			if there && (old.State != link.Auto || old.Link == l) {
				continue
			}
			a, b, err := t.pair(l.A, l.B, ids)
			if err != nil {
				return err
			}
			if err := t.tell(linkSet, a, b, l, ms(at)); err != nil {
				return err
			}
		}
		for pair, old := range known {
			if old.State != link.Auto {
				continue
			}
			a, b, err := t.pair(pair[0], pair[1], ids)
			if err != nil {
				return err
			}
			if _, err := t.exec(linkDelete, a, b); err != nil {
				return err
			}
		}
		if _, err := t.exec(cursorSet, cursorLinkDone, done); err != nil {
			return err
		}
		ends, err := t.ids(linkEnds)
		if err != nil {
			return err
		}
		touched, err = t.regroup(ends)
		return err
	})
	if err != nil {
		return 0, s.fail("saving links", nothingSaved, err)
	}
	return touched, nil
}

// JudgeLink keeps a person's word on whether two calls are the same: [link.Hand] or [link.Cut]. It stays until a person
// says otherwise, whatever is found. It raises Touched as SaveLinks does. A call that is not stored is ErrNotFound.
func (s *Store) JudgeLink(ctx context.Context, a, b call.Key, state link.State, who, why string) error {
	a, b = link.Pair(a, b)
	doing := fmt.Sprintf("linking %s and %s by hand", a, b)
	at := s.now()
	err := s.write(ctx, survivesPower, func(t *txn) error {
		if _, _, err := t.take(0, 0); err != nil {
			return err
		}
		x, y, err := t.pair(a, b, map[call.Key]int64{})
		if err != nil {
			return err
		}
		reason, err := compact(link.Reason{By: link.ByHand})
		if err != nil {
			return err
		}
		if _, err := t.exec(linkJudged, x, y, string(link.Same), 0, reason, ms(at), string(state), who, why); err != nil {
			return err
		}
		_, err = t.regroup([]int64{x, y})
		return err
	})
	if err != nil {
		return s.fail(doing, nothingSaved, err)
	}
	return nil
}

// pair gives the ids of two calls.
func (t *txn) pair(a, b call.Key, ids map[call.Key]int64) (int64, int64, error) {
	for _, key := range []call.Key{a, b} {
		if _, ok := ids[key]; ok {
			continue
		}
		var id, gone int64
		var facts string
		err := t.row(linkFactState, key.Source, key.Ref).Scan(&id, &gone, &facts)
		if errors.Is(err, sql.ErrNoRows) {
			err = ErrNotFound
		}
		if err != nil {
			return 0, 0, about(key, err)
		}
		ids[key] = id
	}
	return ids[a], ids[b], nil
}

func (t *txn) links() ([]Linked, error) {
	var out []Linked
	err := eachIn(t, func(row scanner) error {
		l, err := scanLinked(row)
		out = append(out, l)
		return err
	}, linkStates)
	return out, err
}

// Links gives the links of a call, cut ones too, or all of them when the key is zero; by their keys.
func (s *Store) Links(ctx context.Context, key call.Key) ([]Linked, error) {
	if key == (call.Key{}) {
		return all(ctx, s, scanLinked, linkList)
	}
	return all(ctx, s, scanLinked, linkListCall, key.Source, key.Ref)
}

// Groups gives the calls that are shown as one: each group with the one that stands for all first.
func (s *Store) Groups(ctx context.Context) ([][]call.Key, error) { return s.groups(ctx, groupList) }

// GroupsOf gives the groups of those calls, each call with its group as [Store.Group] gives it; who stands alone has none.
func (s *Store) GroupsOf(ctx context.Context, keys []call.Key) (map[call.Key][]call.Key, error) {
	out := map[call.Key][]call.Key{}
	return out, bySource(keys, func(source string, refs []string) error {
		groups, err := s.groups(ctx, groupListOf, source, list(refs))
		for _, g := range groups {
			for _, k := range g {
				out[k] = g
			}
		}
		return err
	})
}

func (s *Store) groups(ctx context.Context, q query, args ...any) ([][]call.Key, error) {
	var out [][]call.Key
	var last call.Key
	err := each(ctx, s, func(row scanner) ([2]call.Key, error) {
		var k [2]call.Key
		err := row.Scan(&k[0].Source, &k[0].Ref, &k[1].Source, &k[1].Ref)
		return k, err
	}, func(k [2]call.Key) error {
		if k[1] != last {
			out, last = append(out, nil), k[1]
		}
		out[len(out)-1] = append(out[len(out)-1], k[0])
		return nil
	}, q, args...)
	return out, err
}

// Group gives the calls that are shown as one with this one, itself among them, the one that stands for all first; none
// when it stands alone.
func (s *Store) Group(ctx context.Context, key call.Key) ([]call.Key, error) {
	return all(ctx, s, func(row scanner) (call.Key, error) {
		var k call.Key
		err := row.Scan(&k.Source, &k.Ref)
		return k, err
	}, groupOne, key.Source, key.Ref)
}

func scanLinked(row scanner) (Linked, error) {
	var l Linked
	var reason string
	var made int64
	err := row.Scan(&l.A.Source, &l.A.Ref, &l.B.Source, &l.B.Ref, &l.Relation, &l.Strength, &reason, &made, &l.State, &l.Who, &l.Why)
	if err != nil {
		return l, err
	}
	l.Made = at(made)
	if err := json.Unmarshal([]byte(reason), &l.Reason); err != nil {
		return l, about(l.A, err)
	}
	return l, nil
}

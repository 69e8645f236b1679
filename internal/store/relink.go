package store

import (
	"encoding/json"
	"maps"
	"slices"

	"utkik/internal/call"
	"utkik/internal/link"
)

// linking brings links forward inside the transaction that writes facts.
type linking struct {
	*txn
	due   bool // everything is to be laid beside each other anew: what one call meets is not all that changes
	state LinkState
	now   int64
	seeds map[int64]bool // calls by which groups may have become others
}

// linking begins. Rules that are not those by which facts were read begin from nothing: what was read by others does not
// tell which keys stand.
func (t *txn) linking(rules int64, step bool, now int64) (*linking, error) {
	l := &linking{txn: t, now: now, seeds: map[int64]bool{}}
	for name, v := range l.state.cursors() {
		n, err := t.cursor(name)
		if err != nil {
			return nil, err
		}
		*v = n
	}
	l.due = !step || l.state.Facts != l.state.Done || l.state.Rules != rules
	if l.state.Rules == rules {
		return l, nil
	}
	for _, q := range []query{linkFactClear, linkKeyClear} {
		if _, err := t.exec(q); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// facts follows a call whose facts became others. Both texts are as they are kept; was is empty where there were none.
func (l *linking) facts(id int64, key call.Key, gone bool, was, text string) error {
	f := &link.Facts{Key: key, Gone: gone}
	if err := json.Unmarshal([]byte(text), f); err != nil {
		return err
	}
	keys, meets, err := l.rekey(id, was, f)
	if err != nil || l.due {
		return err
	}
	near, err := l.items(linkNear, link.SourceKey(f.Key.Source), list(meets.Sure), keys.Until, keys.From, list(meets.Words))
	if err != nil {
		return err
	}
	offers := map[[2]int64]link.Link{}
	for other, o := range near {
		if v, ok := link.Judge(f, o); ok {
			pair := [2]int64{id, other}
			if v.A != f.Key {
				pair = [2]int64{other, id}
			}
			offers[pair] = v
		}
	}
	old, err := l.ties(offersOf, []int64{id})
	if err != nil {
		return err
	}
	around := map[int64]bool{id: true}
	for _, o := range old {
		pair := [2]int64{o.a, o.b}
		around[o.a], around[o.b] = true, true
		now, stands := offers[pair]
		if stands && now == o.Link {
			delete(offers, pair)
		}
		if !stands {
			if _, err := l.exec(offerDrop, o.a, o.b); err != nil {
				return err
			}
		}
	}
	for pair, o := range offers {
		around[pair[0]], around[pair[1]] = true, true
		if err := l.tell(offerSet, pair[0], pair[1], o); err != nil {
			return err
		}
	}
	l.seeds[id] = true // its weight in its group may be another
	if len(around) == 1 {
		return nil
	}
	return l.choose(f.Key.Source, around)
}

// rekey puts a call's keys into the place of those that it had. It gives them, and those of them by which it meets others; a key
// that becomes a crowd's by it, or is one no longer, makes everything due.
func (l *linking) rekey(id int64, was string, f *link.Facts) (keys, meets link.Keys, err error) {
	var old link.Keys
	if was != "" {
		before := link.Facts{Key: f.Key}
		if err := json.Unmarshal([]byte(was), &before); err != nil {
			return keys, meets, err
		}
		old = link.KeysOf(&before)
	}
	keys = link.KeysOf(f)
	moved := keys.From != old.From || keys.Until != old.Until
	source := link.SourceKey(f.Key.Source)
	type class struct {
		old, new     []int64
		since, until int64
		rewrite      bool
		most         int
		meets        *[]int64
	}
	for _, c := range []class{
		{old.Sure, keys.Sure, 0, 0, false, link.CrowdOfSure, &meets.Sure},
		{old.Words, keys.Words, keys.From, keys.Until, moved, link.CrowdOfWords, &meets.Words},
	} {
		gone, come := without(c.old, c.new), without(c.new, c.old)
		drop, add := gone, come
		if c.rewrite {
			drop, add = c.old, c.new
		}
		if len(drop) > 0 {
			if _, err := l.exec(linkKeysDrop, source, id, list(drop)); err != nil {
				return keys, meets, err
			}
		}
		if len(add) > 0 {
			if _, err := l.exec(linkKeysAdd, source, id, c.since, c.until, list(add)); err != nil {
				return keys, meets, err
			}
		}
		if l.due {
			continue
		}
		shared, err := l.shared(slices.Concat(c.new, gone), c.most+2)
		if err != nil {
			return keys, meets, err
		}
		for _, k := range come {
			l.due = l.due || shared[k] == c.most+1
		}
		for _, k := range gone {
			l.due = l.due || shared[k] == c.most
		}
		*c.meets = slices.DeleteFunc(slices.Clone(c.new), func(k int64) bool { return shared[k] > c.most })
	}
	return keys, meets, nil
}

// without gives those of a that are not in b; both are in order.
func without(a, b []int64) []int64 {
	var out []int64
	for _, k := range a {
		if _, found := slices.BinarySearch(b, k); !found {
			out = append(out, k)
		}
	}
	return out
}

// shared counts the calls that share each key, as far as most.
func (l *linking) shared(keys []int64, most int) (map[int64]int, error) {
	out := make(map[int64]int, len(keys))
	err := eachIn(l.txn, func(row scanner) error {
		var k int64
		var n int
		err := row.Scan(&k, &n)
		out[k] = n
		return err
	}, linkKeysShared, most, list(keys))
	return out, err
}

// choose makes anew the links between a call of that source, whose offers became others, and those around it, which it is or was
// offered to. Its coming may cost another call of the source the best place with one of them: so theirs are looked at too.
func (l *linking) choose(source string, around map[int64]bool) error {
	next, err := l.ties(offersOf, slices.Sorted(maps.Keys(around)))
	if err != nil {
		return err
	}
	for _, o := range next {
		if o.A.Source == source {
			around[o.a] = true
		}
		if o.B.Source == source {
			around[o.b] = true
		}
	}
	ids := slices.Sorted(maps.Keys(around))
	ties, err := l.ties(offersOf, ids)
	if err != nil {
		return err
	}
	ends, idOf := map[int64]bool{}, map[call.Key]int64{}
	offers := make([]link.Link, len(ties))
	for i, o := range ties {
		offers[i] = o.Link
		ends[o.a], ends[o.b] = true, true
		idOf[o.A], idOf[o.B] = o.a, o.b
	}
	facts, err := l.items(linkFactsOf, list(slices.Sorted(maps.Keys(ends))))
	if err != nil {
		return err
	}
	found := map[[2]int64]link.Link{}
	for _, v := range link.Choose(offers, func(k call.Key) *link.Facts { return facts[idOf[k]] }) {
		if pair := [2]int64{idOf[v.A], idOf[v.B]}; around[pair[0]] && around[pair[1]] { // of others not all offers are known here
			found[pair] = v
		}
	}
	links, err := l.ties(linksOf, ids)
	if err != nil {
		return err
	}
	for _, old := range links {
		pair := [2]int64{old.a, old.b}
		if !around[old.a] || !around[old.b] {
			continue
		}
		now, stands := found[pair]
		if old.State != link.Auto || stands && now == old.Link {
			delete(found, pair)
			continue
		}
		if !stands {
			if _, err := l.exec(linkDelete, old.a, old.b); err != nil {
				return err
			}
			l.seeds[old.a], l.seeds[old.b] = true, true
		}
	}
	for pair, v := range found {
		if err := l.tell(linkSet, pair[0], pair[1], v, l.now); err != nil {
			return err
		}
		l.seeds[pair[0]], l.seeds[pair[1]] = true, true
	}
	return nil
}

// end makes the groups anew that may have become others, or tells that everything is due.
func (l *linking) end(changed bool) (touched int, err error) {
	switch {
	case !changed:
		return 0, nil
	case l.due:
		_, err = l.exec(cursorSet, cursorLinkFacts, l.state.Facts+1)
		return 0, err
	}
	return l.regroup(slices.Sorted(maps.Keys(l.seeds)))
}

// tell writes what is said of two calls: by linkSet, with when, that they are linked; by offerSet what was said when they met.
func (t *txn) tell(q query, a, b int64, l link.Link, when ...any) error {
	reason, err := compact(l.Reason)
	if err == nil {
		_, err = t.exec(q, append([]any{a, b, string(l.Relation), l.Strength, reason}, when...)...)
	}
	return about(l.A, err)
}

// items gives the facts of calls by id.
func (t *txn) items(q query, args ...any) (map[int64]*link.Facts, error) {
	out := map[int64]*link.Facts{}
	err := eachIn(t, func(row scanner) error {
		var id int64
		var key call.Key
		var gone bool
		var text string
		if err := row.Scan(&id, &key.Source, &key.Ref, &gone, &text); err != nil {
			return err
		}
		f := &link.Facts{}
		err := json.Unmarshal([]byte(text), f)
		f.Key, f.Gone = key, gone
		out[id] = f
		return about(key, err)
	}, q, args...)
	return out, err
}

// tie is a link, or an offer, with the ids of its calls.
type tie struct {
	a, b int64
	link.Stated
}

// ties gives the links or offers that name any of the calls.
func (t *txn) ties(q query, calls []int64) ([]tie, error) {
	var out []tie
	err := eachIn(t, func(row scanner) error {
		var l tie
		var reason string
		err := row.Scan(&l.a, &l.b, &l.A.Source, &l.A.Ref, &l.B.Source, &l.B.Ref, &l.Relation, &l.Strength, &reason, &l.State)
		if err == nil {
			err = about(l.A, json.Unmarshal([]byte(reason), &l.Reason))
		}
		out = append(out, l)
		return err
	}, q, list(calls))
	return out, err
}

// ids gives the only column of a statement.
func (t *txn) ids(q query, args ...any) ([]int64, error) {
	var out []int64
	err := eachIn(t, func(row scanner) error {
		var n int64
		err := row.Scan(&n)
		out = append(out, n)
		return err
	}, q, args...)
	return out, err
}

// regroup makes the groups anew that calls are in, or would be, and touches every call whose group became another. A link
// that is no more joined two of seeds, so that what links join with them holds all members of every group that can change.
func (t *txn) regroup(seeds []int64) (int, error) {
	reach, pairs := map[int64]bool{}, map[[2]int64]bool{}
	for _, id := range seeds {
		reach[id] = true
	}
	var stated []link.Stated
	for front := seeds; len(front) > 0; {
		ties, err := t.ties(linksOf, front)
		if err != nil {
			return 0, err
		}
		front = nil
		for _, l := range ties {
			if pairs[[2]int64{l.a, l.b}] {
				continue
			}
			pairs[[2]int64{l.a, l.b}] = true
			stated = append(stated, l.Stated)
			if l.State == link.Cut || l.Relation != link.Same {
				continue
			}
			for _, id := range []int64{l.a, l.b} {
				if !reach[id] {
					reach[id] = true
					front = append(front, id)
				}
			}
		}
	}
	all := list(slices.Sorted(maps.Keys(reach)))
	facts, err := t.items(linkFactsOf, all)
	if err != nil {
		return 0, err
	}
	ids, members := map[call.Key]int64{}, map[call.Key]link.Member{}
	for id, f := range facts {
		ids[f.Key], members[f.Key] = id, link.Member{Key: f.Key, Kind: f.Kind, Rich: f.Rich, Gone: f.Gone}
	}
	type seat struct{ head, place int64 }
	now := map[int64]seat{}
	order := map[int64][]int64{} // members by head
	for _, g := range link.Groups(stated, func(k call.Key) (link.Member, bool) { m, ok := members[k]; return m, ok }) {
		head := ids[g[0].Key]
		for i, m := range g {
			now[ids[m.Key]] = seat{head, int64(i)}
			order[head] = append(order[head], ids[m.Key])
		}
	}
	was, before := map[int64]seat{}, map[int64][]int64{}
	err = eachIn(t, func(row scanner) error {
		var id int64
		var s seat
		err := row.Scan(&id, &s.head, &s.place)
		was[id] = s
		before[s.head] = append(before[s.head], id)
		return err
	}, groupStatesOf, all)
	if err != nil {
		return 0, err
	}
	// Whoever sits in a group in which somebody else came, went or moved is shown otherwise, too.
	touch := map[int64]bool{}
	touchAll := func(group []int64) {
		for _, id := range group {
			touch[id] = true
		}
	}
	for id, s := range now {
		if was[id] != s {
			if _, err := t.exec(groupSet, id, s.head, s.place); err != nil {
				return 0, err
			}
			touch[id] = true
			touchAll(order[s.head])
			touchAll(before[was[id].head])
		}
	}
	for id, s := range was {
		if _, stays := now[id]; !stays {
			if _, err := t.exec(groupDelete, id); err != nil {
				return 0, err
			}
			touch[id] = true
			touchAll(before[s.head])
		}
	}
	if len(touch) == 0 {
		return 0, nil
	}
	rev, _, err := t.take(int64(len(touch)), 0)
	if err != nil {
		return 0, err
	}
	next := rev - int64(len(touch))
	for _, id := range slices.Sorted(maps.Keys(touch)) {
		next++
		if _, err := t.exec(callTouch, next, id); err != nil {
			return 0, err
		}
	}
	return len(touch), nil
}

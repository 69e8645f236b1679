package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"utkik/internal/call"
	"utkik/internal/link"
	"utkik/internal/store"
)

// link reads what every call that changed can be recognised by, and, where that became another, finds anew which calls
// of different sources are the same. All are laid beside each other every time: that takes a second for 50,000 calls,
// and what is found then depends on what stands in the store, never on the order in which it came.
func (a *App) link(ctx context.Context) error {
	if a.parent != nil {
		return a.parent.link(ctx)
	}
	st, err := a.Store.LinkState(ctx)
	if err != nil {
		return err
	}
	if st.Rules != link.Version {
		st.Cursor = 0
	}
	for {
		records, err := a.Store.Changed(ctx, st.Cursor, followBatch)
		if err != nil {
			return err
		}
		if len(records) == 0 && st.Rules == link.Version {
			break
		}
		facts := make([]link.Facts, len(records))
		for i := range records {
			facts[i] = link.Read(&records[i].Call)
			facts[i].Gone = !records[i].Gone.IsZero()
			st.Cursor = records[i].Rev
		}
		if err := a.Store.SaveLinkFacts(ctx, facts, link.Version, st.Cursor); err != nil {
			return err
		}
		st.Rules = link.Version
	}
	if st, err = a.Store.LinkState(ctx); err != nil || st.Facts == st.Done {
		return err
	}
	facts, err := a.Store.LinkFacts(ctx)
	if err != nil {
		return err
	}
	touched, err := a.Store.SaveLinks(ctx, link.Find(facts), st.Facts)
	if touched > 0 {
		a.log.DebugContext(ctx, "calls are shown with others", "calls", touched)
	}
	return err
}

// groups gives the calls that each call is shown with, by each of them.
func (a *App) groups(ctx context.Context) (map[call.Key][]call.Key, error) {
	groups, err := a.Store.Groups(ctx)
	out := map[call.Key][]call.Key{}
	for _, g := range groups {
		for _, k := range g {
			out[k] = g
		}
	}
	return out, err
}

// Group is calls that are shown as one, with what was said for and against it.
type Group struct {
	Calls []store.Head   // the one that stands for all first
	Links []store.Linked // between two of them, or of one of them with another: parts, and cut ones
}

// Links gives the groups, or what is known of one call, with the links that speak for them. Parts and cut links whose
// calls are in no group come as groups of their own two.
func (a *App) Links(ctx context.Context, key call.Key) ([]Group, error) {
	if err := a.link(ctx); err != nil {
		return nil, err
	}
	heads := map[call.Key]store.Head{}
	all, err := a.Store.Heads(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, h := range all {
		heads[h.Key] = h
	}
	if _, ok := heads[key]; !ok && key != (call.Key{}) {
		return nil, &UnknownError{What: "call", Names: []string{fmt.Sprintf("%q", key)}, See: "utkik search"}
	}
	groups, err := a.Store.Groups(ctx)
	if err != nil {
		return nil, err
	}
	links, err := a.Store.Links(ctx, call.Key{})
	if err != nil {
		return nil, err
	}
	var out []Group
	at := map[call.Key]int{}
	add := func(keys ...call.Key) int {
		g := Group{}
		for _, k := range keys {
			g.Calls = append(g.Calls, heads[k])
		}
		out = append(out, g)
		return len(out) - 1
	}
	for _, keys := range groups {
		i := add(keys...)
		for _, k := range keys {
			at[k] = i
		}
	}
	for _, l := range links {
		x, inX := at[l.A]
		y, inY := at[l.B]
		switch {
		case inX && inY && x == y:
			out[x].Links = append(out[x].Links, l)
		case l.State == link.Auto && l.Relation == link.Same: // passed over: it would bring two together that stay apart
		case !inX && !inY:
			i := add()
			out[i].Links = append(out[i].Links, l)
		default:
			if inX {
				out[x].Links = append(out[x].Links, l)
			}
			if inY {
				out[y].Links = append(out[y].Links, l)
			}
		}
	}
	if key != (call.Key{}) {
		out = slices.DeleteFunc(out, func(g Group) bool {
			return !slices.ContainsFunc(g.Calls, func(h store.Head) bool { return h.Key == key }) &&
				!slices.ContainsFunc(g.Links, func(l store.Linked) bool { return l.A == key || l.B == key })
		})
	}
	return out, nil
}

// JudgeLink keeps a person's word on whether two calls are the same, and tells whether they are shown as one by now.
func (a *App) JudgeLink(ctx context.Context, x, y call.Key, state link.State, who, why string) (one bool, err error) {
	if err := a.link(ctx); err != nil {
		return false, err
	}
	err = a.Store.JudgeLink(ctx, x, y, state, who, why)
	if errors.Is(err, store.ErrNotFound) {
		var missing []string
		for _, k := range []call.Key{x, y} {
			if _, err := a.Store.Record(ctx, k); errors.Is(err, store.ErrNotFound) {
				missing = append(missing, fmt.Sprintf("%q", k))
			}
		}
		return false, &UnknownError{What: "call", Names: missing, See: "utkik search"}
	}
	if err != nil {
		return false, err
	}
	group, err := a.Store.Group(ctx, x)
	return slices.Contains(group, y), err
}

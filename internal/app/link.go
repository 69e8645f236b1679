package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"utkik/internal/call"
	"utkik/internal/link"
	"utkik/internal/store"
)

// link reads what every call that changed can be recognised by, and, where that became another, finds anew which calls of
// different sources are the same as it. What is found depends on what stands in the store, never on the order in which it
// came: a few changed calls are laid beside those that they meet, many are laid beside each other with all the rest, which
// takes a second for 50,000 calls and comes to the same.
func (a *App) link(ctx context.Context) error {
	if a.parent != nil {
		return a.parent.link(ctx)
	}
	for {
		st, err := a.Store.LinkState(ctx)
		if err != nil {
			return err
		}
		few := false
		if st.Rules != link.Version {
			st.Cursor = 0
		} else if few, err = a.fewChanged(ctx, st); err != nil {
			return err
		}
		batch := followBatch
		if few {
			batch = linkBatch
		}
		records, err := a.Store.Changed(ctx, st.Cursor, batch)
		if err != nil {
			return err
		}
		if len(records) == 0 && st.Rules == link.Version {
			if st.Facts == st.Done {
				return nil
			}
			return a.linkAll(ctx, st)
		}
		facts := make([]link.Facts, len(records))
		for i := range records {
			facts[i] = link.Read(&records[i].Call)
			facts[i].Gone = !records[i].Gone.IsZero()
			st.Cursor = records[i].Rev
		}
		touched, err := a.Store.SaveLinkFacts(ctx, facts, link.Version, st.Cursor, few)
		if err != nil {
			return err
		}
		a.shownAnew(ctx, touched)
	}
}

const (
	// linkBatch is how many changed calls are linked in one transaction, one after the other: other writers wait for it.
	linkBatch = 50
	// linkShare is which share of all calls costs as much, one by one, as laying all beside each other.
	linkShare = 32
)

// fewChanged tells whether it is less to link the calls that changed one by one than to find all links anew.
func (a *App) fewChanged(ctx context.Context, st store.LinkState) (bool, error) {
	if st.Facts != st.Done {
		return false, nil
	}
	top := int64(math.MaxInt64)
	behind, _, err := a.Store.Behind(ctx, st.Cursor, top)
	if err != nil || behind <= linkBatch {
		return true, err
	}
	all, _, err := a.Store.Behind(ctx, 0, top)
	return behind <= all/linkShare, err
}

// linkAll lays all calls beside each other.
func (a *App) linkAll(ctx context.Context, st store.LinkState) error {
	facts, err := a.Store.LinkFacts(ctx)
	if err != nil {
		return err
	}
	offers := link.Offers(facts)
	touched, err := a.Store.SaveLinks(ctx, offers, link.Choose(offers, link.Among(facts)), st.Facts)
	a.shownAnew(ctx, touched)
	return err
}

func (a *App) shownAnew(ctx context.Context, calls int) {
	if calls > 0 {
		a.log.DebugContext(ctx, "calls are shown with others", "calls", calls)
	}
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

package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"utkik/index"
	"utkik/internal/call"
)

// alike is a call on the same matter, and why it is said to be.
type alike struct {
	Link, Title, Lang string
	Status            string
	StatusName        string
	When              moment
	Why               string
}

// How many calls on the same matter are shown, and how many of the words and topics that they share.
const (
	maxSimilar = 6
	maxShared  = 5
)

// similar finds the calls on the same matter that are not closed: of the same call of the source's, with the same topics, and
// with rare words in common.
func (s *Server) similar(ctx context.Context, f Frame, c *call.Call) ([]alike, error) {
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	now := s.cfg.Now()
	found, err := s.cfg.Index.Similar(ctx, c, f.Lang, 3*maxSimilar, now)
	if err != nil {
		return nil, err
	}
	if c.Call != "" {
		siblings, err := s.cfg.Index.Search(ctx, index.Query{Text: `call:"` + strings.ReplaceAll(c.Call, `"`, " ") + `"`, AsWritten: true,
			Status: []string{string(call.StatusOpen), string(call.StatusForthcoming)}, Sort: index.SortDeadline, Limit: 2 * maxSimilar, Lang: f.Lang, Now: now})
		if err != nil {
			return nil, err
		}
		for _, h := range siblings.Hits {
			if h.Key() != c.Key() && !slices.ContainsFunc(found, func(a index.Alike) bool { return a.Hit.Key() == h.Key() }) {
				h.Score = 0
				found = append(found, index.Alike{Hit: h})
			}
		}
	}
	group, err := s.cfg.Store.Group(ctx, c.Key())
	if err != nil {
		return nil, err
	}
	var out []alike
	kin := map[string]int{} // by address: how close it is
	for i := range found {
		h := &found[i].Hit
		if slices.Contains(group, h.Key()) {
			continue
		}
		rec, err := s.cfg.Store.Record(ctx, h.Key())
		if err != nil {
			continue // the index is a moment ahead, or behind
		}
		o := &rec.Call
		var why []string
		near := 0
		if c.Call != "" && strings.EqualFold(o.Call, c.Call) {
			why = append(why, fmt.Sprintf(f.T.Sheet.SameCall, cmp.Or(o.CallTitle, o.Call)))
			near += 2
		}
		if same := both(c.Topics, o.Topics); len(same) > 0 {
			why = append(why, fmt.Sprintf(f.T.Sheet.SameTopic, strings.Join(same[:min(len(same), maxShared)], ", ")))
			near++
		}
		if ws := found[i].Words; len(ws) > 0 {
			why = append(why, fmt.Sprintf(f.T.Sheet.SameWords, strings.Join(ws[:min(len(ws), maxShared)], ", ")))
			near++
		}
		if near == 0 {
			continue
		}
		shown := *o
		shown.Status = h.Status
		a := alike{Link: callLink(f, h.Key()), Title: cmp.Or(h.Title, h.Identifier, h.Ref), Lang: tag(cmp.Or(h.TitleIn, h.Language)), Status: string(h.Status),
			StatusName: f.T.Statuses[string(h.Status)], When: when(f.T, &shown, now), Why: strings.Join(why, ". ")}
		kin[a.Link] = near
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b alike) int { return cmp.Compare(kin[b.Link], kin[a.Link]) }) // within one, as the index ordered them
	return out[:min(len(out), maxSimilar)], nil
}

// both gives what stands in both lists, in the order of the second.
func both(a, b []string) []string {
	var out []string
	for _, x := range b {
		if slices.ContainsFunc(a, func(y string) bool { return strings.EqualFold(x, y) }) && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"utkik/internal/call"
	"utkik/internal/link"
	"utkik/internal/store"
)

// other is another source's item of the same call, or a part of it.
type other struct {
	Link     string // to our page of it
	Source   string
	Title    string
	Lang     string // of the title
	Day      string // the next last day that it states
	URL      string
	AtSource string
	By       string // why the two are taken for the same
}

// family is a heading with what stands under it.
type family struct {
	Name  string
	Calls []other
}

// maxParts is how many topics of a call are listed; a search finds the rest.
const maxParts = 30

// others tells of what other sources publish of a call: the same, and what it is a part of or has for parts.
func (s *Server) others(ctx context.Context, f Frame, p *callPage, c *call.Call) error {
	group, err := s.cfg.Store.Group(ctx, c.Key())
	if err != nil {
		return err
	}
	links, err := s.cfg.Store.Links(ctx, c.Key())
	if err != nil {
		return err
	}
	calls := []*call.Call{c}
	for _, k := range group {
		if k == c.Key() {
			continue
		}
		rec, err := s.cfg.Store.Record(ctx, k)
		if err != nil {
			return err
		}
		if rec.Gone.IsZero() {
			calls = append(calls, &rec.Call)
		}
		o := s.other(f, &rec.Call)
		if i := slices.IndexFunc(links, func(l store.Linked) bool { return (l.A == k || l.B == k) && l.State != link.Cut }); i >= 0 {
			o.By = s.because(f, &links[i], k)
		}
		p.AlsoAt = append(p.AlsoAt, o)
	}
	var days []string
	for _, said := range link.Odds(calls, s.cfg.Now()) {
		names := make([]string, len(said.By))
		for i, k := range said.By {
			names[i] = s.sourceName(f, k.Source)
		}
		days = append(days, fmt.Sprintf(f.T.OddsDay, f.T.moment(said.Day), strings.Join(names, ", ")))
	}
	if days != nil {
		p.Odds = fmt.Sprintf(f.T.Odds, strings.Join(days, "; "))
	}
	whole, parts := family{Name: f.T.PartOf}, family{Name: f.T.Parts}
	for _, l := range links {
		to, in := l.B, l.Relation == link.Part
		if l.B == c.Key() {
			to, in = l.A, l.Relation == link.Whole
		}
		list := &parts
		if in {
			list = &whole
		}
		if l.Relation == link.Same || l.State == link.Cut || len(list.Calls) == maxParts {
			continue
		}
		rec, err := s.cfg.Store.Record(ctx, to)
		if errors.Is(err, store.ErrNotFound) || err == nil && !rec.Gone.IsZero() {
			continue
		}
		if err != nil {
			return err
		}
		list.Calls = append(list.Calls, s.other(f, &rec.Call))
	}
	for _, l := range []family{whole, parts} {
		if len(l.Calls) > 0 {
			p.Parts = append(p.Parts, l)
		}
	}
	return nil
}

func (s *Server) other(f Frame, c *call.Call) other {
	title, in := c.TitleIn(f.Lang)
	o := other{Link: callLink(f, c.Key()), Source: s.sourceName(f, c.Source), Title: cmp.Or(title, c.Identifier, c.Ref), Lang: tag(in)}
	if d, ok := c.NextDeadline(s.cfg.Now()); ok {
		o.Day = f.T.Closes + " " + f.T.moment(d)
	}
	if host := webHost(c.URL); host != "" {
		o.URL, o.AtSource = c.URL, fmt.Sprintf(f.T.AtSource, host)
	}
	return o
}

// because says what a link was found by, in the words of the other side.
func (s *Server) because(f Frame, l *store.Linked, k call.Key) string {
	if l.State == link.Hand {
		return fmt.Sprintf(f.T.LinkedBy[string(link.ByHand)], l.Why)
	}
	quote := l.Reason.A
	if l.B == k {
		quote = l.Reason.B
	}
	return fmt.Sprintf(f.T.LinkedBy[string(l.Reason.By)], short(quote.Text, 120))
}

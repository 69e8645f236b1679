package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"utkik/internal/call"
	"utkik/internal/diff"
	"utkik/internal/link"
	"utkik/internal/store"
)

// Whole is a call with all that is known of it.
type Whole struct {
	Call       call.Call   `json:"call" doc:"The call in the exchange format; status is what its source says."`
	Status     call.Status `json:"status" enum:"forthcoming,open,closed," doc:"As it is now: closed once every deadline has passed or the call has left its source, whatever the source still says."`
	Next       call.Moment `json:"next_deadline,omitzero" doc:"The first deadline that has not passed."`
	FirstSeen  time.Time   `json:"first_seen"`
	Gone       *time.Time  `json:"gone,omitempty" doc:"Since when its source no longer has it."`
	Version    int         `json:"version" doc:"The current one, from 1."`
	Web        string      `json:"web" doc:"Its page for people."`
	Calendar   string      `json:"calendar" doc:"Its last days for a calendar (iCalendar)."`
	AlsoAt     []Other     `json:"also_at" doc:"Other sources' items of the same call."`
	PartOf     []Other     `json:"part_of" doc:"What it is a topic of."`
	Parts      []Other     `json:"parts" doc:"Its topics; 30 at the most."`
	Odds       []Said      `json:"odds,omitempty" nullable:"false" doc:"Where the sources state different last days: each day, and who states it."`
	Priorities []Match     `json:"priorities" doc:"Which priorities of the plan it concerns, and why; best first."`
}

// Other is another item, with its addresses.
type Other struct {
	Source string      `json:"source"`
	Ref    string      `json:"ref"`
	Title  string      `json:"title"`
	Next   call.Moment `json:"next_deadline,omitzero"`
	URL    string      `json:"url,omitempty" doc:"At its source."`
	Web    string      `json:"web"`
	By     string      `json:"by,omitempty" doc:"What the two were found to be one by, or hand where a person said so."`
}

// Said is a last day and the sources that state it.
type Said struct {
	Day     call.Moment `json:"day"`
	Sources []string    `json:"sources"`
}

// Kept is a call as the list of all calls has it.
type Kept struct {
	Call      call.Call  `json:"call"`
	FirstSeen time.Time  `json:"first_seen"`
	Gone      *time.Time `json:"gone,omitempty"`
	Version   int        `json:"version"`
	Web       string     `json:"web"`
}

// KeyInput names a call.
type KeyInput struct {
	Source string `path:"source" maxLength:"100" example:"ft-portal"`
	Ref    string `path:"ref" maxLength:"500" doc:"The source's own id of the call." example:"RAIL-1"`
}

func (in *KeyInput) key() call.Key { return call.Key{Source: in.Source, Ref: in.Ref} }

type callOutput struct{ Body Whole }

type listCallsInput struct {
	Source string `query:"source" doc:"Only of this source."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Calls in one answer."`
	Cursor string `query:"cursor" maxLength:"2000" doc:"next of an earlier answer."`
}

type listCallsOutput struct {
	Body struct {
		Calls   []Kept `json:"calls"`
		Next    string `json:"next,omitempty" doc:"Where to go on; none on the last page."`
		Changes string `json:"changes" doc:"The cursor with which to follow the change log (GET /changes?cursor=…) once you have every page."`
	}
}

// web is the address of a call's page.
func (s *Server) web(k call.Key) string { return s.base() + "/call/" + k.Path() }

func (s *Server) base() string { return strings.TrimRight(s.cfg.BaseURL, "/") }

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// record gives a call, or says how to find one.
func (s *Server) record(ctx context.Context, k call.Key) (store.Record, error) {
	rec, err := s.cfg.Store.Record(ctx, k)
	if errors.Is(err, store.ErrNotFound) {
		return rec, notFound(fmt.Sprintf("call %q", short(k.String())),
			"source and ref are those of a search's hits: GET /api/v1/search?q=…")
	}
	return rec, err
}

func (s *Server) getCall(ctx context.Context, in *KeyInput) (*callOutput, error) {
	rec, err := s.record(ctx, in.key())
	if err != nil {
		return nil, err
	}
	now := s.cfg.Now()
	w := Whole{
		Call: rec.Call, Status: rec.Call.StatusAt(now), FirstSeen: rec.FirstSeen, Gone: instant(rec.Gone), Version: rec.Version,
		Web: s.web(in.key()), Calendar: s.base() + "/calendar/" + in.key().Path(),
		AlsoAt: []Other{}, PartOf: []Other{}, Parts: []Other{}, Priorities: []Match{},
	}
	if !rec.Gone.IsZero() {
		w.Status = call.StatusClosed
	}
	if d, ok := rec.Call.NextDeadline(now); ok {
		w.Next = d
	}
	if err := s.others(ctx, &w); err != nil {
		return nil, err
	}
	ms, err := s.matches(ctx, in.key(), onlyIncluded)
	if err != nil {
		return nil, err
	}
	w.Priorities = append(w.Priorities, ms...)
	return &callOutput{w}, nil
}

// maxParts is how many topics of a call are listed; a search finds the rest.
const maxParts = 30

// others fills in what other sources publish of the call, and what it is a part of or has for parts.
func (s *Server) others(ctx context.Context, w *Whole) error {
	key := w.Call.Key()
	group, err := s.cfg.Store.Group(ctx, key)
	if err != nil {
		return err
	}
	links, err := s.cfg.Store.Links(ctx, key)
	if err != nil {
		return err
	}
	calls := []*call.Call{&w.Call}
	for _, k := range group {
		if k == key {
			continue
		}
		rec, err := s.cfg.Store.Record(ctx, k)
		if err != nil {
			return err
		}
		if rec.Gone.IsZero() {
			calls = append(calls, &rec.Call)
		}
		o := s.other(&rec.Call)
		linked := func(l store.Linked) bool { return (l.A == k || l.B == k) && l.State != link.Cut }
		if i := slices.IndexFunc(links, linked); i >= 0 {
			o.By = string(links[i].Reason.By)
			if links[i].State == link.Hand {
				o.By = string(link.ByHand)
			}
		}
		w.AlsoAt = append(w.AlsoAt, o)
	}
	for _, said := range link.Odds(calls, s.cfg.Now()) {
		d := Said{Day: said.Day}
		for _, k := range said.By {
			d.Sources = append(d.Sources, k.Source)
		}
		w.Odds = append(w.Odds, d)
	}
	for _, l := range links {
		to, list := l.B, &w.Parts
		if l.B == key {
			to = l.A
		}
		if in := l.Relation == link.Part && l.A == key || l.Relation == link.Whole && l.B == key; in {
			list = &w.PartOf
		}
		if l.Relation == link.Same || l.State == link.Cut || len(*list) == maxParts {
			continue
		}
		rec, err := s.cfg.Store.Record(ctx, to)
		if errors.Is(err, store.ErrNotFound) || err == nil && !rec.Gone.IsZero() {
			continue
		}
		if err != nil {
			return err
		}
		*list = append(*list, s.other(&rec.Call))
	}
	return nil
}

func (s *Server) other(c *call.Call) Other {
	o := Other{Source: c.Source, Ref: c.Ref, Title: cmp.Or(c.Title, c.Identifier, c.Ref), URL: webURL(c.URL), Web: s.web(c.Key())}
	if d, ok := c.NextDeadline(s.cfg.Now()); ok {
		o.Next = d
	}
	return o
}

// webURL is an address that may be followed; empty for any other: programs put it into pages.
func webURL(s string) string {
	if u, err := url.Parse(s); err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return s
}

// keyPlace is a place in the list of all calls: behind that one. It carries the place where the log stood at the beginning.
type keyPlace struct {
	Source string `json:"k"`
	Ref    string `json:"r"`
	Log    place  `json:"l"`
}

func (s *Server) listCalls(ctx context.Context, in *listCallsInput) (*listCallsOutput, error) {
	if err := s.checkSource(ctx, in.Source); err != nil {
		return nil, err
	}
	scope := scopeOf("calls", in.Source)
	var at keyPlace
	var err error
	if in.Cursor != "" {
		if err := unseal(in.Cursor, scope, &at); err != nil {
			return nil, err
		}
		if err := s.check(ctx, at.Log); err != nil { // the copy is of a store that is not there any more
			return nil, err
		}
	} else {
		end, err := s.cfg.Store.LastSeq(ctx)
		if err != nil {
			return nil, err
		}
		if at.Log, err = s.logEnd(ctx, end); err != nil {
			return nil, err
		}
	}
	recs, err := s.cfg.Store.RecordsAfter(ctx, call.Key{Source: at.Source, Ref: at.Ref}, in.Source, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &listCallsOutput{}
	out.Body.Calls = []Kept{}
	for i := range recs[:min(in.Limit, len(recs))] {
		r := &recs[i]
		out.Body.Calls = append(out.Body.Calls, Kept{r.Call, r.FirstSeen, instant(r.Gone), r.Version, s.web(r.Call.Key())})
		at.Source, at.Ref = r.Call.Source, r.Call.Ref
	}
	if len(recs) > in.Limit {
		out.Body.Next = seal(scope, at)
	}
	out.Body.Changes = seal(changeScope(&changesInput{Source: in.Source}), at.Log)
	return out, nil
}

// Version is one content that a call had.
type Version struct {
	Number int        `json:"number" doc:"From 1, without gaps."`
	At     time.Time  `json:"at" doc:"When this service saw it first."`
	Hash   string     `json:"hash" doc:"SHA-256 of the exchange form."`
	Fields []string   `json:"fields,omitempty" nullable:"false" doc:"Which fields differ from the version before."`
	Call   *call.Call `json:"call,omitempty"`
}

type versionsOutput struct {
	Body struct {
		Versions []Version `json:"versions" doc:"The latest first."`
	}
}

type versionInput struct {
	KeyInput
	Number int `query:"number" required:"true" minimum:"1" doc:"Which version." example:"1"`
}

type versionOutput struct{ Body Version }

type diffInput struct {
	KeyInput
	From int `query:"from" required:"true" minimum:"1" example:"1"`
	To   int `query:"to" required:"true" minimum:"1" example:"2"`
}

// Difference is what a field was and became.
type Difference struct {
	Field string          `json:"field" doc:"Of the exchange format."`
	Old   json.RawMessage `json:"old,omitempty" doc:"None where nothing was stated."`
	New   json.RawMessage `json:"new,omitempty"`
	Words []Words         `json:"words,omitempty" nullable:"false" doc:"Of a text: word by word, in its order."`
}

// Words is a run of words that share a fate.
type Words struct {
	Op   diff.Op `json:"op" enum:"same,added,removed"`
	Text string  `json:"text"`
}

type diffOutput struct {
	Body struct {
		From    int          `json:"from"`
		To      int          `json:"to"`
		Changed []Difference `json:"changed" doc:"By field."`
	}
}

// versions gives a call's versions, oldest first.
func (s *Server) versions(ctx context.Context, k call.Key) ([]store.Version, error) {
	vs, err := s.cfg.Store.Versions(ctx, k)
	if err == nil && len(vs) == 0 {
		_, err = s.record(ctx, k) // says that there is no such call
	}
	return vs, err
}

func (s *Server) listVersions(ctx context.Context, in *KeyInput) (*versionsOutput, error) {
	vs, err := s.versions(ctx, in.key())
	if err != nil {
		return nil, err
	}
	out := &versionsOutput{}
	out.Body.Versions = []Version{}
	for i, v := range vs {
		x := Version{Number: v.N, At: v.At, Hash: v.Hash}
		if i > 0 {
			ds, err := differences(&vs[i-1].Call, &v.Call)
			if err != nil {
				return nil, err
			}
			for _, d := range ds {
				x.Fields = append(x.Fields, d.Field)
			}
		}
		out.Body.Versions = append(out.Body.Versions, x)
	}
	slices.Reverse(out.Body.Versions)
	return out, nil
}

func numbered(vs []store.Version, n int, at string) (*store.Version, error) {
	i := slices.IndexFunc(vs, func(v store.Version) bool { return v.N == n })
	if i < 0 {
		return nil, invalid([]Fault{{fmt.Sprintf("there is no version %d; there are 1 to %d", n, len(vs)), at}})
	}
	return &vs[i], nil
}

func (s *Server) getVersion(ctx context.Context, in *versionInput) (*versionOutput, error) {
	vs, err := s.versions(ctx, in.key())
	if err != nil {
		return nil, err
	}
	v, err := numbered(vs, in.Number, "query.number")
	if err != nil {
		return nil, err
	}
	return &versionOutput{Version{Number: v.N, At: v.At, Hash: v.Hash, Call: &v.Call}}, nil
}

func (s *Server) diffVersions(ctx context.Context, in *diffInput) (*diffOutput, error) {
	vs, err := s.versions(ctx, in.key())
	if err != nil {
		return nil, err
	}
	from, err := numbered(vs, in.From, "query.from")
	if err != nil {
		return nil, err
	}
	to, err := numbered(vs, in.To, "query.to")
	if err != nil {
		return nil, err
	}
	out := &diffOutput{}
	out.Body.From, out.Body.To = in.From, in.To
	out.Body.Changed, err = differences(&from.Call, &to.Call)
	return out, err
}

// differences lays two contents side by side, by the keys of the exchange format.
func differences(a, b *call.Call) ([]Difference, error) {
	old, err := fieldsOf(a)
	if err != nil {
		return nil, err
	}
	now, err := fieldsOf(b)
	if err != nil {
		return nil, err
	}
	out := []Difference{}
	for key := range old {
		if _, ok := now[key]; !ok {
			now[key] = nil
		}
	}
	for key, v := range now {
		if !reflect.DeepEqual(old[key], v) {
			out = append(out, Difference{Field: key, Old: old[key], New: v})
		}
	}
	slices.SortFunc(out, func(x, y Difference) int { return strings.Compare(x.Field, y.Field) })
	for i := range out {
		if out[i].Field == "text" {
			for _, p := range diff.Words(a.Text, b.Text) {
				out[i].Words = append(out[i].Words, Words{p.Op, p.Text})
			}
		}
	}
	return out, nil
}

func fieldsOf(c *call.Call) (map[string]json.RawMessage, error) {
	line, err := call.Encode(c)
	if err != nil {
		return nil, err
	}
	out := map[string]json.RawMessage{}
	return out, json.Unmarshal(line, &out)
}

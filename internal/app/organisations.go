package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"utkik/config"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/store"
)

// An installation serves its own organisation, and any number beside it. Each is an App: what it reads is everybody's, and its
// plan, recipients, decisions, digests, pages and keys are its own, since its store and its index show it no other's
// ([store.Store.Of], [index.Index.Of]). What the sources bring is crawled, linked and weighed once for all of them, by the
// installation's own App.

// addMembers makes room for the organisations beside the installation's own. Each is opened when it is asked for: to read
// three hundred plans takes seconds, which a command that needs none of them should not.
func (a *App) addMembers() {
	a.members = make([]*App, len(a.Config.Plans))
	if len(a.members) == 0 {
		return
	}
	fill, unsubscribe := a.Fill, a.Unsubscribe
	a.Fill = func(m store.Mail, body string) string {
		org, key := store.MailOf(m.MailKey)
		of := fill
		if org != "" {
			of = nil
			if member, err := a.Organisation(org); err == nil {
				of, m.MailKey = member.Fill, key
			}
		}
		if of == nil {
			return body
		}
		return of(m, body)
	}
	a.Unsubscribe = func(m store.Mail) string {
		org, key := store.MailOf(m.MailKey)
		of := unsubscribe
		if org != "" {
			of = nil
			if member, err := a.Organisation(org); err == nil {
				of, m.MailKey = member.Unsubscribe, key
			}
		}
		if of == nil {
			return ""
		}
		return of(m)
	}
}

// member opens the organisation at that place of the configuration, once.
func (a *App) member(i int) (*App, error) {
	a.opening.Lock()
	m := a.members[i]
	a.opening.Unlock()
	if m != nil {
		return m, nil
	}
	o := a.Config.Plans[i]
	m = &App{Config: a.Config.For(o), Store: a.Store.Of(o.ID), ID: o.ID, parent: a, log: a.log.With("organisation", o.ID), now: a.now, progress: a.progress, traces: a.traces}
	if err := m.readPlan(); err != nil {
		return nil, fmt.Errorf("plans[%d], organisation %s: %w", i, o.ID, err)
	}
	if err := m.openLinks(context.Background()); err != nil {
		return nil, err
	}
	a.opening.Lock()
	defer a.opening.Unlock()
	if a.members[i] == nil { // else somebody was quicker
		a.members[i] = m
	}
	return a.members[i], nil
}

// gather opens every organisation. What is done for all begins with it.
func (a *App) gather() error {
	if a.gathered {
		return nil
	}
	errs := make([]error, len(a.members))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(a.members)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(a.members); i = int(next.Add(1)) - 1 {
				_, errs[i] = a.member(i)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var problems config.Problems
	plans := map[string]string{a.Plan.ID: a.planHash} // hashes by id
	for i, m := range a.members {
		if hash, known := plans[m.Plan.ID]; known && hash != m.planHash {
			problems = append(problems, config.Problem{File: a.Config.File, Key: fmt.Sprintf("plans[%d].plan", i),
				Text: fmt.Sprintf("another plan has the id %q; organisations share a plan, or each plan has an id of its own", m.Plan.ID)})
		}
		plans[m.Plan.ID] = m.planHash
	}
	a.gathered = len(problems) == 0
	return problems.Err()
}

// root is the installation's own App.
func (a *App) root() *App {
	if a.parent != nil {
		return a.parent
	}
	return a
}

// all are the organisations, the installation's own first; those beside it when they are gathered.
func (a *App) all() []*App {
	out := []*App{a.root()}
	if a.root().gathered {
		out = append(out, a.root().members...)
	}
	return out
}

// Organisation gives the App of an organisation that is served; the empty name is the installation's own.
func (a *App) Organisation(id string) (*App, error) {
	root := a.root()
	if id == "" {
		return root, nil
	}
	i := slices.IndexFunc(root.Config.Plans, func(o config.Organisation) bool { return o.ID == id })
	if i < 0 {
		return nil, &UnknownError{What: "organisation", Names: []string{fmt.Sprintf("%q", id)}, See: "utkik config"}
	}
	return root.member(i)
}

// mark names by which plans the index is made.
func (a *App) mark() string {
	if len(a.members) == 0 {
		return a.planHash
	}
	h := sha256.New()
	for _, o := range a.all() {
		fmt.Fprintf(h, "%s %s %s\n", o.ID, o.Plan.ID, o.planHash)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// matcherOf weighs by the plans of some organisations at once. That of all is kept.
func (a *App) matcherOf(of []*App) (*match.Set, error) {
	everybody := len(of) == len(a.all())
	if everybody && a.set != nil {
		return a.set, nil
	}
	seen := map[string]bool{}
	var plans []*plan.Plan
	for _, o := range of {
		if !seen[o.Plan.ID] {
			seen[o.Plan.ID] = true
			plans = append(plans, o.weighedPlan)
		}
	}
	set, err := match.NewSet(slices.Values(plans))
	if err == nil && everybody {
		a.set = set
	}
	return set, err
}

// matchAll weighs, for these organisations, every call that changed since the last time. Another plan, or other rules of
// weighing, begin anew; who is behind is brought to where the others are, and then one reading of a call serves all.
func (a *App) matchAll(ctx context.Context, of []*App) (int, error) {
	states, err := a.Store.PlanStates(ctx)
	if err != nil {
		return 0, err
	}
	at := make(map[*App]int64, len(of))
	for _, o := range of {
		if st := states[o.Plan.ID]; st.Hash == o.planHash {
			at[o] = st.Cursor
		} else {
			at[o] = 0
			delete(states, o.Plan.ID) // so that it is noted also where there is no call yet
		}
	}
	n := 0
	for {
		low, next := int64(-1), int64(-1) // where the last are, and those before them
		for _, c := range slices.Sorted(maps.Values(at)) {
			if low < 0 {
				low = c
			} else if c > low {
				next = c
				break
			}
		}
		var last []*App
		fresh := false
		for _, o := range of {
			if at[o] == low {
				last = append(last, o)
				_, known := states[o.Plan.ID]
				fresh = fresh || !known
			}
		}
		if len(last) == 0 {
			return n, nil
		}
		done, cursor, err := a.matchBatch(ctx, last, low, next, fresh)
		if err != nil {
			return n, err
		}
		for _, o := range last {
			at[o] = cursor
			states[o.Plan.ID] = store.PlanState{Hash: o.planHash, Cursor: cursor}
		}
		if n += done; done == 0 && next < 0 {
			return n, nil
		}
	}
}

// matchBatch weighs the calls that come after a place, as far as another place, unless that is negative. It gives how many that
// were, and the place that they lead to.
func (a *App) matchBatch(ctx context.Context, of []*App, from, to int64, fresh bool) (int, int64, error) {
	// What a call has to do with every plan is held until all of a batch is written: of three hundred plans that are two megabytes a call.
	most := max(followBatch/(1+len(of)/20), 20)
	records, err := a.Store.Changed(ctx, from, most)
	if err != nil {
		return 0, 0, err
	}
	end := len(records)
	if to >= 0 {
		if i := slices.IndexFunc(records, func(r store.Record) bool { return r.Rev > to }); i >= 0 {
			end = i
		}
		if end < most {
			from = to // nothing is between
		}
	}
	records = records[:end]
	if len(records) > 0 && (to < 0 || end == most) {
		from = records[end-1].Rev
	}
	if len(records) == 0 && to < 0 && !fresh {
		return 0, from, nil
	}
	set, err := a.matcherOf(of)
	if err != nil {
		return 0, 0, err
	}
	hashes := map[string]string{}
	for _, o := range of {
		hashes[o.Plan.ID] = o.planHash
	}
	matched := make([]store.MatchedAll, len(records))
	for i := range records {
		matched[i] = store.MatchedAll{Key: records[i].Call.Key(), Results: map[string][]match.Result{}}
		for _, f := range set.Match(&records[i].Call, 0) {
			matched[i].Results[f.Plan] = append(matched[i].Results[f.Plan], f.Result)
		}
	}
	return len(records), from, a.Store.SaveAllMatches(ctx, hashes, matched, from)
}

// houses answers for every organisation under its own host, or under its path of the installation's. Pages are made when somebody
// first asks for them.
type houses struct {
	byHost map[string]http.Handler
	rest   http.Handler // of every other host
}

// house is the pages of an organisation.
type house struct {
	once sync.Once
	make func() (http.Handler, error)
	made http.Handler
	err  error
}

// housed adds to the installation's own pages those of the other organisations. Below it a request has lost the path under which
// who answers stands; a proxy may have taken the installation's own away already.
func (a *App) housed(own http.Handler, open func(*App) (http.Handler, error)) http.Handler {
	h := &houses{byHost: map[string]http.Handler{}}
	root, paths := a.Config.Web.Root(), http.NewServeMux()
	under := func(path string, of http.Handler) { paths.Handle(path+"/", http.StripPrefix(path, of)) }
	under("", own)
	if root != "" {
		under(root, own)
	}
	shared := root != ""
	for _, m := range a.all()[1:] {
		if m.Config.Web.BaseURL == "" {
			continue // it has no pages
		}
		theirs := &house{make: func() (http.Handler, error) {
			made, err := open(m)
			if err != nil {
				m.log.Error("the pages of an organisation cannot be made", "err", err)
			}
			return made, err
		}}
		if path := m.Config.Web.Root(); path != "" {
			shared = true
			under(path, theirs)
			if root != "" {
				under(strings.TrimPrefix(path, root), theirs)
			}
			continue
		}
		u, err := url.Parse(m.Config.Web.BaseURL)
		if err != nil {
			continue // unreachable: it was checked
		}
		h.byHost[strings.ToLower(u.Host)] = theirs
	}
	h.rest = own
	if shared {
		h.rest = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inner := *r // the way here is no pattern of what answers
			paths.ServeHTTP(w, &inner)
		})
	}
	return h
}

func (h *houses) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if theirs, ok := h.byHost[strings.ToLower(r.Host)]; ok {
		theirs.ServeHTTP(w, r)
		return
	}
	h.rest.ServeHTTP(w, r)
}

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.once.Do(func() { h.made, h.err = h.make() })
	if h.err != nil {
		http.Error(w, "Sidorna kan inte visas just nu. Driften har sett felet.\nThe pages cannot be shown now. The operator's log tells why.", http.StatusInternalServerError)
		return
	}
	h.made.ServeHTTP(w, r)
}

// errShared says that something is done for all organisations at once.
var errShared = errors.New("this is done for all organisations at once; leave --organisation out")

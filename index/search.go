package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/index/scorch"

	"utkik/internal/call"
)

// Orders of hits.
const (
	SortRelevance = "relevance" // best first; without words to search for, newest first
	SortDeadline  = "deadline"  // next deadline first, then those without, then those whose last passed, latest first
	SortNewest    = "newest"    // by the day on which it was first seen, then by opening day, latest first
)

// Facets that can be counted.
const (
	FacetStatus     = facetStatus
	FacetKind       = facetKind
	FacetProgramme  = facetProgramme
	FacetSource     = facetSource
	FacetPriority   = facetPriority
	FacetDepartment = facetDepartment
	FacetLanguage   = facetLanguage
	FacetAction     = facetAction   // forms of support; see [Actions]
	FacetBudget     = facetBudget   // ranges; see [Scale]
	FacetDeadline   = facetDeadline // likewise
)

const (
	defaultLimit = 20
	maxLimit     = 1000
	maxReach     = 10000 // offset and limit together
	maxFacet     = 30    // values of a facet, where a query does not say
	langBonus    = 1.1   // for hits in the reader's language
)

// Query is what to look for. The zero Query finds everything.
type Query struct {
	Text string // in the query language, see doc/query.md

	// Filters: a hit has one of the values of each that is not empty.
	Status, Kinds, Programmes, Sources, Priorities, Departments []string
	Actions, Budgets, Deadlines                                 []string // values of FacetAction, FacetBudget and FacetDeadline
	// Days, both included, each as t shows it in its own zone: a hit has a deadline between them.
	DeadlineAfter, DeadlineBefore time.Time

	Sort          string    // one of the Sort constants; empty for relevance
	Limit, Offset int       // Limit 0 is 20, at most 1,000; together at most 10,000
	Lang          string    // the reader's, sv or en: hits in it rank a little higher
	Now           time.Time // for status and deadlines; zero: Options.Now
	Facets        []string  // which to count
	FacetValues   int       // of each facet, at most; 0 is 30
	// Sideways counts every facet as if it had no filter of its own, as boxes to tick need.
	Sideways  bool
	Highlight bool // fill TitleHTML and Snippet
	// AsWritten looks for the words as they are typed: not for what they are called in the other language, and
	// without correcting them.
	AsWritten bool

	plain bool // every list is read as Bleve gives it: for tests, which compare
}

// Result is what was found.
type Result struct {
	Total  int           // calls that several sources publish count once
	Took   time.Duration // by Options.Now
	Hits   []Hit
	Facets map[string][]Count // the commonest values, commonest first, then by value

	Also       []Sought // what was looked for besides, in the other language; Query.AsWritten switches it off
	Meant      []Meant  // words that find next to nothing, and what was looked for beside them
	DidYouMean string   // the query with these words put right; empty where none was
}

// Count is how many hits have a value.
type Count struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// Hit is one call found.
type Hit struct {
	Source     string        `json:"source"`
	Ref        string        `json:"ref"`
	Title      string        `json:"title"` // in Query.Lang where the source has it, else as it is
	Kind       call.Kind     `json:"kind"`
	Programme  string        `json:"programme"`
	Status     call.Status   `json:"status"` // as of Query.Now
	Deadlines  []call.Moment `json:"deadlines"`
	Opens      call.Moment   `json:"opens,omitzero"`
	Score      float64       `json:"score"`   // comparable within one result only
	Snippet    string        `json:"snippet"` // HTML: escaped, with <mark> around what was found
	TitleHTML  string        `json:"-"`       // likewise
	URL        string        `json:"url"`
	Identifier string        `json:"identifier,omitempty"`
	Language   string        `json:"language,omitempty"`       // of the call
	TitleIn    string        `json:"title_language,omitempty"` // of Title, where it is another
	Also       []Other       `json:"also,omitempty"`           // other sources' items of the same call
	Priorities []string      `json:"-"`                        // ids of the plan's priorities that it matches, in order
}

// Key gives the identity of the call.
func (h *Hit) Key() call.Key { return call.Key{Source: h.Source, Ref: h.Ref} }

// Search finds calls. A text that is wrong gives a *QueryError; ctx bounds the time.
func (ix *Index) Search(ctx context.Context, q Query) (Result, error) {
	if ix.opts.Timed != nil {
		defer ix.opts.Timed()()
	}
	var began time.Time
	if ix.opts.Now != nil {
		began = ix.opts.Now()
	}
	node, err := Parse(q.Text)
	if err != nil {
		return Result{}, err
	}
	if err := q.check(); err != nil {
		return Result{}, err
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.cur == nil {
		return Result{}, ErrClosed
	}
	res, err := guard(func() (res Result, err error) {
		err = ix.cur.read(func(snap *scorch.IndexSnapshot) error {
			res, err = ix.search(ctx, snap, node, q)
			return err
		})
		return res, err
	})
	var te *textsError
	var wrong *QueryError
	switch {
	case err == nil:
		if ix.opts.Now != nil {
			res.Took = ix.opts.Now().Sub(began)
		}
		return res, nil
	case errors.As(err, &wrong): // which only a look into the index could tell
		wrong.Pos = placeOf(q.Text, wrong.Args)
		return Result{}, wrong
	case errors.As(err, &te) || ctx.Err() != nil:
		return Result{}, fmt.Errorf("search: %w", err)
	}
	// Whatever else goes wrong lies in the index: the query is checked, and an index that is sound has
	// no errors to give.
	ix.damaged.Store(true)
	ix.log.Error("index damaged: rebuilt with the next sync", "index", ix.cur.dir, "err", err)
	return Result{}, fmt.Errorf("%w: %v", ErrDamaged, err)
}

// placeOf is the letter of a query, counted from 1, at which the first of args begins, in any case.
func placeOf(query string, args []string) int {
	if len(args) > 0 {
		lower := strings.ToLower(query)
		if i := strings.Index(lower, strings.ToLower(args[0])); i >= 0 {
			return utf8.RuneCountInString(lower[:i]) + 1
		}
	}
	return 1
}

func (q *Query) check() error {
	switch q.Sort {
	case "", SortRelevance, SortDeadline, SortNewest:
	default:
		return fmt.Errorf("search: sort %q is none of relevance, deadline, newest", q.Sort)
	}
	if q.FacetValues < 0 {
		return fmt.Errorf("search: %d values of a facet: want 0 or more", q.FacetValues)
	}
	if q.Limit < 0 || q.Offset < 0 || q.Limit > maxLimit || q.Offset+q.Limit > maxReach {
		return fmt.Errorf("search: limit %d and offset %d: want 0 or more, limit at most %d, both together at most %d", q.Limit, q.Offset, maxLimit, maxReach)
	}
	for _, f := range q.Facets {
		if !slices.Contains(facets, f) {
			return fmt.Errorf("search: facet %q is none of %s", f, strings.Join(facets, ", "))
		}
	}
	return nil
}

func (ix *Index) search(ctx context.Context, snap *scorch.IndexSnapshot, node Node, q Query) (Result, error) {
	f, err := ix.find(ctx, snap, node, q, q.Offset+cmp.Or(q.Limit, defaultLimit))
	if err != nil {
		return Result{}, err
	}
	r := f.run
	res := Result{Total: f.total, Facets: r.counted(&q, f.counts), Also: append(soughtOf(f.node), r.added...), Meant: r.meant}
	if len(r.meant) > 0 {
		res.DidYouMean = putRight(q.Text, r.meant)
	}
	if q.Offset < len(f.found) {
		for _, c := range f.found[q.Offset:] {
			h, err := r.hit(c, q.Lang)
			if err != nil {
				return Result{}, err
			}
			res.Hits = append(res.Hits, h)
		}
	}
	if q.Highlight {
		if err := ix.highlight(r, f.found[min(q.Offset, len(f.found)):], res.Hits); err != nil {
			return Result{}, err
		}
	}
	return res, nil
}

// findings are what a query finds, before anything of it is read.
type findings struct {
	run    *run
	node   Node        // with what else was looked for
	found  []candidate // the first most of them, in their order
	total  int
	counts [][]int // by column
}

// find gives the first most of what a query finds, in its order.
func (ix *Index) find(ctx context.Context, snap *scorch.IndexSnapshot, node Node, q Query, most int) (findings, error) {
	now := q.Now
	if now.IsZero() && ix.opts.Now != nil {
		now = ix.opts.Now()
	}
	r, err := newRun(ctx, ix.cur, snap, ix.analysers, now, ix.opts.Texts)
	if err != nil {
		return findings{}, err
	}
	r.scope = ix.scope
	r.glossary, r.spell, r.mend, r.plain = ix.words(), ix.spell, !q.AsWritten, q.plain
	if !q.AsWritten {
		node = ix.broaden(node)
	}
	m, err := r.compile(node, false, true)
	if err != nil {
		return findings{}, err
	}
	if m == nil && node != nil {
		// Nothing but stop words: those that are words in the other language may be meant.
		if m, err = r.compile(node, true, true); err != nil {
			return findings{}, err
		}
	}
	filters := r.filters(&q)
	counts := make([][]int, columnCount)
	for _, f := range q.Facets {
		col := slices.Index(facets, f)
		counts[col] = make([]int, len(r.names[col].all()))
	}
	top := newTop(r, q.Sort, most)
	preferred := r.preferred(q.Lang)
	total := 0
	groups := members{}
	for at, p := range r.parts {
		if err := ctx.Err(); err != nil {
			return findings{}, err
		}
		matched := p.live
		if m != nil {
			if matched, err = m.match(r, at, p.live); err != nil {
				return findings{}, err
			}
		}
		if matched, err = r.filter(p, matched, filters, counts, q.Sideways); err != nil {
			return findings{}, err
		}
		n := matched.count()
		total += n
		if n == 0 {
			continue
		}
		scores := takeScores(&ix.scores, p.n)
		if top.sort == SortRelevance {
			if err := r.score(at, matched, *scores); err != nil {
				return findings{}, err
			}
		}
		languages := p.cols.facets[columnLanguage].one
		matched.each(func(doc uint32) bool {
			score := (*scores)[doc]
			if preferred > 0 && languages[doc] == preferred {
				score *= langBonus
			}
			c := candidate{score: score, part: at, doc: doc}
			if p.cols.group != nil && p.cols.group[doc] != 0 {
				groups.take(p.cols.group[doc], member{c, p.cols.place[doc]})
				total--
			} else {
				top.offer(c)
			}
			return true
		})
		ix.scores.Put(scores)
	}
	total += len(groups)
	for _, m := range groups { // in any order: the top is the same
		top.offer(m.candidate)
	}
	found, err := top.sorted()
	return findings{r, node, found, total, counts}, err
}

// broaden adds what a query's words are called in the other language.
func (ix *Index) broaden(n Node) Node {
	left := maxSought
	return ix.words().broaden(n, &left)
}

func floorMinute(t time.Time) int64 {
	s := t.Unix()
	if s < 0 {
		s -= 59
	}
	return s / 60
}

func (r *run) counted(q *Query, counts [][]int) map[string][]Count {
	out := map[string][]Count{}
	for _, f := range q.Facets {
		col := slices.Index(facets, f)
		list := r.names[col].all()
		values := []Count{}
		for i, n := range counts[col] {
			if n == 0 || i == 0 { // 0 is for those without a value
				continue
			}
			if name, seen := r.seen(col, list[i]); seen {
				values = append(values, Count{name, n})
			}
		}
		slices.SortFunc(values, countOrder)
		out[f] = values[:min(len(values), cmp.Or(q.FacetValues, maxFacet))]
	}
	return out
}

// candidate is a document that may become a hit.
type candidate struct {
	score float32
	part  int
	doc   uint32
}

// top keeps the first n candidates: a heap whose root is the last of them.
type top struct {
	r    *run
	sort string
	n    int
	heap []candidate
	err  error
}

func newTop(r *run, sort string, n int) *top {
	return &top{r: r, sort: cmp.Or(sort, SortRelevance), n: n}
}

func (t *top) offer(c candidate) {
	if len(t.heap) < t.n {
		t.heap = append(t.heap, c)
		for i := len(t.heap) - 1; i > 0; {
			up := (i - 1) / 2
			if t.compare(t.heap[up], t.heap[i]) >= 0 {
				break
			}
			t.heap[up], t.heap[i] = t.heap[i], t.heap[up]
			i = up
		}
		return
	}
	if t.n == 0 || t.sort == SortRelevance && c.score < t.heap[0].score || t.compare(c, t.heap[0]) >= 0 {
		return
	}
	t.heap[0] = c
	for i := 0; ; {
		last, down := i, 2*i+1
		for k := down; k < min(down+2, len(t.heap)); k++ {
			if t.compare(t.heap[k], t.heap[last]) > 0 {
				last = k
			}
		}
		if last == i {
			return
		}
		t.heap[i], t.heap[last] = t.heap[last], t.heap[i]
		i = last
	}
}

func (t *top) sorted() ([]candidate, error) {
	slices.SortFunc(t.heap, t.compare)
	return t.heap, t.err
}

// compare is negative where a comes before b. It is never zero of two documents.
func (t *top) compare(a, b candidate) int {
	ca, cb := t.r.parts[a.part].cols, t.r.parts[b.part].cols
	var c int
	switch t.sort {
	case SortDeadline:
		c = compareDeadlines(ca.deadlinesOf(a.doc), cb.deadlinesOf(b.doc), t.r.now)
	case SortRelevance:
		if c = cmp.Compare(b.score, a.score); c == 0 {
			c = compareNewest(ca, a.doc, cb, b.doc)
		}
	case SortNewest:
		c = compareNewest(ca, a.doc, cb, b.doc)
	}
	if c != 0 {
		return c
	}
	return strings.Compare(t.id(a), t.id(b))
}

func (t *top) id(c candidate) string {
	p := t.r.parts[c.part]
	id, err := p.cols.idOf(p.seg, c.doc)
	if err != nil {
		t.err = err
	}
	return id
}

func compareNewest(a *columns, da uint32, b *columns, db uint32) int {
	return cmp.Or(cmp.Compare(b.seen[db], a.seen[da]), cmp.Compare(b.opens[db], a.opens[da]))
}

func compareDeadlines(a, b []moment, now int64) int {
	key := func(ds []moment) (class, end int64) {
		for _, d := range ds {
			if int64(d.end) > now {
				return 0, int64(d.end)
			}
		}
		if len(ds) == 0 {
			return 1, 0
		}
		return 2, -int64(ds[len(ds)-1].end)
	}
	ca, ea := key(a)
	cb, eb := key(b)
	return cmp.Or(cmp.Compare(ca, cb), cmp.Compare(ea, eb))
}

// hit reads what is shown of a candidate to a reader of lang.
func (r *run) hit(c candidate, lang string) (Hit, error) {
	p := r.parts[c.part]
	h := Hit{Score: float64(c.score)}
	var id string
	var stored error
	err := p.seg.VisitStoredFields(uint64(c.doc), func(field string, _ byte, value []byte, _ []uint64) bool {
		switch field {
		case "_id":
			id = string(value)
		case fieldHit:
			stored = errors.Join(stored, decodeStored(value, lang, &h))
		case fieldAlso:
			var err error
			h.Also, err = decodeAlso(value)
			stored = errors.Join(stored, err)
		}
		return true
	})
	if err = errors.Join(err, stored); err != nil {
		return Hit{}, err
	}
	key, err := call.ParseKey(id)
	if err != nil {
		return Hit{}, err
	}
	h.Source, h.Ref = key.Source, key.Ref
	name := func(col int) string {
		f := &p.cols.facets[col]
		if f.one == nil {
			return ""
		}
		return r.names[col].all()[f.one[c.doc]]
	}
	h.Kind, h.Programme = call.Kind(name(columnKind)), name(columnProgramme)
	h.Status = call.Status(r.names[columnStatus].all()[p.cols.statusAt(c.doc, r.now, r.statuses)])
	for _, v := range r.valuesOf(p, c.doc, columnPriority) {
		if v > 0 {
			if name, seen := r.seen(columnPriority, r.names[columnPriority].all()[v]); seen {
				h.Priorities = append(h.Priorities, name)
			}
		}
	}
	slices.Sort(h.Priorities)
	if h.Deadlines == nil {
		h.Deadlines = []call.Moment{}
	}
	return h, nil
}

package index

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"utkik/internal/call"
)

// Facets, which are also fields in Bleve: one term a value.
const (
	facetStatus     = "status"
	facetKind       = "kind"
	facetProgramme  = "programme"
	facetSource     = "source"
	facetPriority   = "priority"
	facetDepartment = "department"
	facetLanguage   = "language"
	facetAction     = "action_type"
	facetBudget     = "budget"
	facetDeadline   = "deadline" // no field of its own: it is told of the deadlines, at the time of a search
)

var facets = []string{facetStatus, facetKind, facetProgramme, facetSource, facetPriority, facetDepartment, facetLanguage,
	facetAction, facetBudget, facetDeadline}

// Columns of a segment by their place in columns.facets.
const (
	columnStatus = iota
	columnKind
	columnProgramme
	columnSource
	columnPriority
	columnDepartment
	columnLanguage
	columnAction
	columnBudget
	columnDeadline
	columnCount
)

// names numbers the values of one facet, the same for all segments of an index. Zero is no value.
type names struct {
	mu   sync.RWMutex
	list []string
	at   map[string]uint32
}

func newNames() *names { return &names{list: []string{""}, at: map[string]uint32{"": 0}} }

func (n *names) number(value string) uint32 {
	n.mu.Lock()
	defer n.mu.Unlock()
	i, ok := n.at[value]
	if !ok {
		i = uint32(len(n.list))
		n.list = append(n.list, value)
		n.at[value] = i
	}
	return i
}

func (n *names) all() []string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.list[:len(n.list):len(n.list)]
}

// moment is a call.Moment in a column: see encodeMoment.
type moment struct{ day, end int32 }

const noDay = math.MinInt32

// column is the values of one facet for the documents of a segment.
type column struct {
	one []uint32 // a value each, 0 for none; nil when some document has more than one
	off []uint32 // otherwise document d has many[off[d]:off[d+1]]
	all []uint32
}

// columns are, for one segment, the fields by which hits are filtered, counted and sorted. They are read
// from the postings once, when the segment is first seen; a segment never changes.
type columns struct {
	count     int
	facets    [columnCount]column
	deadOff   []uint32 // document d has deadlines[deadOff[d]:deadOff[d+1]], by end
	deadlines []moment
	opens     []int32  // day, or noDay
	seen      []int32  // day, or noDay
	group     []uint32 // number of its group, 0 for none; nil where no document has one
	place     []uint8  // in the group; nil likewise
	grouped   set      // documents with a group; nil likewise
	latest    atomic.Pointer[timed]
	lists     keeper[listName, *unpacked]
	texts     keeper[uint32, string] // by document
	settled   keeper[settledName, bool]

	idAsked atomic.Int64 // how often one was looked up
	idOnce  sync.Once
	ids     []string // by document
	idErr   error
}

func (c *columns) deadlinesOf(doc uint32) []moment {
	return c.deadlines[c.deadOff[doc]:c.deadOff[doc+1]]
}

// passed tells whether the last of a document's deadlines lies behind now, a minute counted from 1970.
func (c *columns) passed(doc uint32, now int64) bool {
	ds := c.deadlinesOf(doc)
	return len(ds) > 0 && int64(ds[len(ds)-1].end) <= now
}

// postings calls fn for every term of a field and every document of the term, in order of the terms.
func postings(seg segment.Segment, field string, fn func(term string, doc uint32) error) error {
	dict, err := seg.Dictionary(field)
	if err != nil {
		return err
	}
	var list segment.PostingsList
	var it segment.PostingsIterator
	buf := make([]uint32, 512)
	terms := dict.AutomatonIterator(nil, nil, nil)
	for {
		entry, err := terms.Next()
		if err != nil {
			return err
		}
		if entry == nil {
			return nil
		}
		if list, err = dict.PostingsList([]byte(entry.Term), nil, list); err != nil {
			return err
		}
		it = list.Iterator(false, false, false, it)
		if o, ok := it.(segment.OptimizablePostingsIterator); ok {
			if doc, one := o.DocNum1Hit(); one {
				if err := fn(entry.Term, uint32(doc)); err != nil {
					return err
				}
				continue
			}
			if bm := o.ActualBitmap(); bm != nil {
				many := bm.ManyIterator()
				for n := many.NextMany(buf); n > 0; n = many.NextMany(buf) {
					for _, doc := range buf[:n] {
						if err := fn(entry.Term, doc); err != nil {
							return err
						}
					}
				}
				continue
			}
		}
		for {
			p, err := it.Next()
			if err != nil {
				return err
			}
			if p == nil {
				break
			}
			if err := fn(entry.Term, uint32(p.Number())); err != nil {
				return err
			}
		}
	}
}

// readColumns reads the columns of a segment, several at a time: they are what a program waits for that has just started.
func readColumns(seg segment.Segment, nums []*names, groups *names) (*columns, error) {
	c := &columns{count: int(seg.Count())}
	var reads []func() error
	for i, facet := range facets[:columnDeadline] {
		reads = append(reads, func() (err error) {
			c.facets[i], err = readFacet(seg, facet, nums[i], c.count)
			return err
		})
	}
	reads = append(reads,
		func() (err error) {
			c.deadOff, c.deadlines, err = readMoments(seg, fieldDeadline, c.count)
			return err
		},
		func() (err error) { c.opens, err = readDays(seg, fieldOpens, c.count); return err },
		func() (err error) { c.seen, err = readDays(seg, fieldSeen, c.count); return err },
		func() error {
			return c.readGroups(func(field string, fn func(string, uint32) error) error { return postings(seg, field, fn) }, groups)
		})
	errs := make([]error, len(reads))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(reads)) {
		wg.Go(func() {
			for at := int(next.Add(1)) - 1; at < len(reads); at = int(next.Add(1)) - 1 {
				// A panic must be that of whoever asked, who knows what to do about a damaged segment.
				_, errs[at] = guard(func() (struct{}, error) { return struct{}{}, reads[at]() })
			}
		})
	}
	wg.Wait()
	return c, errors.Join(errs...)
}

func readFacet(seg segment.Segment, facet string, nums *names, count int) (column, error) {
	col := column{one: make([]uint32, count)}
	type pair struct{ doc, value uint32 }
	var more []pair
	var term string
	var number uint32
	err := postings(seg, facet, func(t string, doc uint32) error {
		if int(doc) >= count {
			return fmt.Errorf("field %s names document %d of %d", facet, doc, count)
		}
		if number == 0 || t != term {
			term, number = strings.Clone(t), 0
			number = nums.number(term)
		}
		if col.one[doc] == 0 {
			col.one[doc] = number
		} else {
			more = append(more, pair{doc, number})
		}
		return nil
	})
	if err != nil || len(more) == 0 {
		return col, err
	}
	several := column{off: make([]uint32, count+1)}
	for doc, v := range col.one {
		if v != 0 {
			several.off[doc+1]++
		}
	}
	for _, p := range more {
		several.off[p.doc+1]++
	}
	for d := range count {
		several.off[d+1] += several.off[d]
	}
	several.all = make([]uint32, several.off[count])
	at := slices.Clone(several.off[:count])
	put := func(doc, value uint32) {
		several.all[at[doc]] = value
		at[doc]++
	}
	for doc, v := range col.one {
		if v != 0 {
			put(uint32(doc), v)
		}
	}
	for _, p := range more {
		put(p.doc, p.value)
	}
	for d := range count {
		slices.Sort(several.all[several.off[d]:several.off[d+1]])
	}
	return several, nil
}

// eachMoment calls fn for every moment of a field, by day.
func eachMoment(seg segment.Segment, field string, count int, fn func(doc uint32, m moment)) error {
	return postings(seg, field, func(t string, doc uint32) error {
		m, err := decodeMoment([]byte(t))
		if err != nil || int(doc) >= count {
			return fmt.Errorf("field %s: term %x of document %d: %v", field, t, doc, err)
		}
		fn(doc, m)
		return nil
	})
}

// readMoments gives the moments of a field: document d has all[off[d]:off[d+1]], by end.
func readMoments(seg segment.Segment, field string, count int) (off []uint32, all []moment, err error) {
	type dated struct {
		doc uint32
		m   moment
	}
	var found []dated
	off = make([]uint32, count+1)
	err = eachMoment(seg, field, count, func(doc uint32, m moment) {
		found = append(found, dated{doc, m})
		off[doc+1]++
	})
	if err != nil {
		return nil, nil, err
	}
	for d := range count {
		off[d+1] += off[d]
	}
	all = make([]moment, len(found))
	at := slices.Clone(off[:count])
	for _, f := range found {
		all[at[f.doc]] = f.m
		at[f.doc]++
	}
	for d := range count {
		slices.SortFunc(all[off[d]:off[d+1]], func(a, b moment) int { return int(a.end) - int(b.end) })
	}
	return off, all, nil
}

// readDays gives the day of a field for each document, or noDay.
func readDays(seg segment.Segment, field string, count int) ([]int32, error) {
	days := slices.Repeat([]int32{noDay}, count)
	return days, eachMoment(seg, field, count, func(doc uint32, m moment) { days[doc] = m.day })
}

// idOf gives the id of a document. To look one up takes a microsecond, to read all of them tens of milliseconds at 50,000 calls:
// whoever asks for few does not wait for the others.
func (c *columns) idOf(seg segment.Segment, doc uint32) (string, error) {
	if c.idAsked.Add(1) > int64(c.count/16) {
		ids, err := c.idsOf(seg)
		if err != nil {
			return "", err
		}
		return ids[doc], nil
	}
	id, err := seg.DocID(uint64(doc))
	return string(id), err
}

// idsOf reads the ids of a segment's documents, which are needed only where all else is equal.
func (c *columns) idsOf(seg segment.Segment) ([]string, error) {
	c.idOnce.Do(func() {
		c.ids = make([]string, c.count)
		c.idErr = postings(seg, "_id", func(t string, doc uint32) error {
			if int(doc) >= c.count {
				return fmt.Errorf("id %q names document %d of %d", t, doc, c.count)
			}
			c.ids[doc] = strings.Clone(t)
			return nil
		})
	})
	return c.ids, c.idErr
}

// columnCache keeps the columns of the segments that are in use.
type columnCache struct {
	names  []*names // by facet
	groups *names

	mu   sync.Mutex
	segs map[uint64]*columns // by the segment's id, which Bleve never gives twice while an index is open
}

func newColumnCache() *columnCache {
	c := &columnCache{groups: newNames(), segs: map[uint64]*columns{}}
	for range facets {
		c.names = append(c.names, newNames())
	}
	for _, v := range deadlineScale() { // in this order: see valuesOfClass
		c.names[columnDeadline].number(v)
	}
	return c
}

// of gives the columns of a snapshot's segments and forgets those of segments that are gone.
func (c *columnCache) of(snapshot *scorch.IndexSnapshot) ([]*columns, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	segs := snapshot.Segments()
	out := make([]*columns, len(segs))
	missing := false
	for i, s := range segs {
		cols, ok := c.segs[s.Id()]
		if !ok || cols.count != int(s.Segment().Count()) {
			missing = true
			var err error
			if cols, err = readColumns(s.Segment(), c.names, c.groups); err != nil {
				return nil, err
			}
			c.segs[s.Id()] = cols
		}
		out[i] = cols
	}
	if missing && len(c.segs) > 2*len(segs) {
		// An older snapshot may still be in use beside this one; it would read its columns again.
		inUse := make(map[uint64]bool, len(segs))
		for _, s := range segs {
			inUse[s.Id()] = true
		}
		for id := range c.segs {
			if !inUse[id] {
				delete(c.segs, id)
			}
		}
	}
	return out, nil
}

// statuses are the numbers of the statuses in an index.
type statuses struct{ forthcoming, open, closed uint32 }

func (c *columnCache) statuses() statuses {
	n := c.names[columnStatus]
	return statuses{n.number(string(call.StatusForthcoming)), n.number(string(call.StatusOpen)), n.number(string(call.StatusClosed))}
}

// statusAt is call.Call.StatusAt on columns.
func (c *columns) statusAt(doc uint32, now int64, s statuses) uint32 {
	if c.passed(doc, now) {
		return s.closed
	}
	return c.facets[columnStatus].one[doc] // a call has one status
}

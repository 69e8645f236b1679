package index

import (
	"math/bits"
	"sync"

	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// Bleve reads a posting in 30 to 40 nanoseconds, and a common word has tens of thousands. Long lists that are asked for are
// therefore kept unpacked beside the columns of their segment, which never changes: which documents, and of each a
// code of count and length. There are some hundreds of such words; what has not been asked for longest goes when there is no room.

const (
	keepFrom   = 512      // postings; shorter lists are read each time
	keepBytes  = 64       // of lists, for each document of the segment
	keepAtOnce = 64       // a list is unpacked when more than one in so many of its documents is wanted
	sparse     = 32       // a list that has less than one in so many documents is kept by their numbers
	keepLeast  = 64 << 10 // bytes of lists that a small segment may keep
)

// unpacked is the postings list of a term, of documents removed since as well.
type unpacked struct {
	docs    set      // nil of a sparse list
	numbers []uint32 // of a sparse list
	codes   []uint16 // count and length of each document, in their order
	used    uint64   // when it was asked for last, counted in askings; guarded by the keeper's lock
}

// code packs the count of a term, at most maxCount, with the code of its field's length.
func code(packed, length uint64) uint16 { return uint16(countOf(packed))<<7 | uint16(length&127) }

// keeper keeps the unpacked lists of a segment. It is safe for concurrent use; the zero value is ready.
type keeper struct {
	mu    sync.Mutex
	lists map[string]*unpacked // by field and term
	bytes int
	clock uint64
}

func (k *keeper) get(name string) *unpacked {
	k.mu.Lock()
	defer k.mu.Unlock()
	u := k.lists[name]
	if u != nil {
		k.clock++
		u.used = k.clock
	}
	return u
}

func (u *unpacked) size() int { return 8*len(u.docs) + 4*len(u.numbers) + 2*len(u.codes) + 100 }

// put keeps a list, unless it alone would fill the place.
func (k *keeper) put(name string, u *unpacked, limit int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lists[name] != nil || u.size() > limit/4 {
		return
	}
	if k.lists == nil {
		k.lists = map[string]*unpacked{}
	}
	for k.bytes+u.size() > limit && len(k.lists) > 0 {
		oldest := ""
		for n, o := range k.lists {
			if oldest == "" || o.used < k.lists[oldest].used {
				oldest = n
			}
		}
		k.bytes -= k.lists[oldest].size()
		delete(k.lists, oldest)
	}
	k.clock++
	u.used = k.clock
	k.lists[name] = u
	k.bytes += u.size()
}

// kept gives the unpacked list of a term, if it is kept.
func (r *run) kept(p *part, ref int) *unpacked {
	if list := p.lists[ref]; r.plain || list == nil || list.Count() < keepFrom {
		return nil
	}
	return p.cols.keeper.get(r.terms[ref].field + "\x00" + r.terms[ref].term)
}

// worthKeeping gives the unpacked list of a term of which size documents are wanted, and keeps it; nil where it is quicker to
// read these.
func (r *run) worthKeeping(p *part, ref, size int) (*unpacked, error) {
	u := r.kept(p, ref)
	if n := p.lists[ref].Count(); u != nil || r.plain || n < keepFrom || uint64(size)*keepAtOnce < n {
		return u, nil
	}
	return r.unpack(p, ref)
}

// unpack reads the list of a term and keeps it.
func (r *run) unpack(p *part, ref int) (*unpacked, error) {
	t := r.terms[ref]
	d, err := p.dict(t.field)
	if err != nil {
		return nil, err
	}
	list, err := d.PostingsList([]byte(t.term), nil, nil)
	if err != nil {
		return nil, err
	}
	n := int(list.Count())
	u := &unpacked{codes: make([]uint16, 0, n)}
	if n*sparse < p.n {
		u.numbers = make([]uint32, 0, n)
	} else {
		u.docs = newSet(p.n)
	}
	p.it = list.Iterator(true, true, false, p.it)
	for {
		var posting segment.Posting
		if posting, err = p.it.Next(); err != nil || posting == nil {
			break
		}
		doc := uint32(posting.Number())
		if u.docs != nil {
			u.docs.add(doc)
		} else {
			u.numbers = append(u.numbers, doc)
		}
		u.codes = append(u.codes, code(posting.Frequency(), lengthOf(posting)))
	}
	if err != nil {
		return nil, err
	}
	p.cols.keeper.put(t.field+"\x00"+t.term, u, max(keepLeast, keepBytes*p.n))
	return u, nil
}

// each calls fn for the documents of the list that are in within, in rising order.
func (u *unpacked) each(within set, fn func(doc uint32, code uint16)) {
	if u.docs == nil {
		for i, doc := range u.numbers {
			if within.has(doc) {
				fn(doc, u.codes[i])
			}
		}
		return
	}
	before := 0 // documents of the list before the word
	for k, w := range u.docs {
		for found := w & within[k]; found != 0; found &= found - 1 {
			bit := bits.TrailingZeros64(found)
			fn(uint32(k<<6+bit), u.codes[before+bits.OnesCount64(w&(1<<bit-1))])
		}
		before += bits.OnesCount64(w)
	}
}

// members adds the documents of a term to s, and maybe some that were removed: whoever asks lays the set over live ones.
func (r *run) members(p *part, ref int, s set) error {
	if u := r.kept(p, ref); u != nil {
		if u.docs != nil {
			s.union(u.docs)
			return nil
		}
		for _, doc := range u.numbers {
			s.add(doc)
		}
		return nil
	}
	return p.collect(ref, s)
}

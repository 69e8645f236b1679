package demo

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"
)

//go:embed samples.yaml
var samplesFile []byte

// samples is samples.yaml.
type samples struct {
	Programmes    map[string]code   `yaml:"programmes"`
	Divisions     map[string]string `yaml:"divisions"`
	Topics        []item            `yaml:"topics"`
	Cascades      []item            `yaml:"cascades"`
	Prospects     []item            `yaml:"prospects"`
	Consultations []consultation    `yaml:"consultations"`
}

// code is a value of the portal's index: what it writes, and what that means. Labels are URL-encoded once too often,
// as the portal's are.
type code struct {
	Code  string `yaml:"code"`
	Label string `yaml:"label"`
}

// item is one call of the Funding & Tenders Portal: a topic, a cascade call or a call of external action.
type item struct {
	From       int      `yaml:"from"`      // first day, counted from 1; 0 means 1
	Number     string   `yaml:"number"`    // of a topic: ccm2Id
	Reference  string   `yaml:"reference"` // where it is not made of the number
	Identifier string   `yaml:"identifier"`
	Title      string   `yaml:"title"`
	Parent     string   `yaml:"parent"` // of a cascade call: title of the topic that funds it
	Project    string   `yaml:"project"`
	Programme  string   `yaml:"programme"`
	Call       string   `yaml:"call"`
	CallTitle  string   `yaml:"call_title"`
	CallNumber string   `yaml:"call_number"`
	Status     string   `yaml:"status"`
	Opens      string   `yaml:"opens"` // 2026-05-13 or 2026-05-13T10:00, Brussels
	Deadlines  []string `yaml:"deadlines"`
	Model      string   `yaml:"model"` // empty means single-stage
	Action     string   `yaml:"action"`
	Budget     *budget  `yaml:"budget"`
	Divisions  []string `yaml:"divisions"`
	Keywords   []string `yaml:"keywords"`
	Eligible   string   `yaml:"eligible"`
	Text       string   `yaml:"text"`
	// DetailsOnly leaves the text out of the search, so that it must be fetched from the topic's own file.
	DetailsOnly bool    `yaml:"details_only"`
	SV          *copied `yaml:"sv"`
	Tomorrow    change  `yaml:"tomorrow"`

	noBudget bool
}

// budget is a topic's line in the budget of its call; amounts in euros.
type budget struct {
	Year   string `yaml:"year"`
	EUR    int64  `yaml:"eur"`
	Grants int    `yaml:"grants"`
	Min    int64  `yaml:"min"`
	Max    int64  `yaml:"max"`
}

// copied is the copy of a row in another language.
type copied struct {
	Title string `yaml:"title"`
	Text  string `yaml:"text"`
}

// change is what the second day says otherwise of an item.
type change struct {
	Status     string   `yaml:"status"`
	Deadlines  []string `yaml:"deadlines"`
	Identifier string   `yaml:"identifier"`
	Budget     *budget  `yaml:"budget"`
	Text       string   `yaml:"text"`
	NoBudget   bool     `yaml:"no_budget"` // the column budgetOverview is missing
	Absent     bool     `yaml:"absent"`    // the index has lost the row
}

// consultation is one initiative of Have Your Say.
type consultation struct {
	From      int      `yaml:"from"`
	ID        int      `yaml:"id"`
	Reference string   `yaml:"reference"`
	Title     string   `yaml:"title"`
	SV        string   `yaml:"sv"` // title in Swedish
	Act       string   `yaml:"act"`
	Topics    []topic  `yaml:"topics"`
	Periods   []period `yaml:"periods"`
	Text      string   `yaml:"text"`
}

type topic struct {
	Code  string `yaml:"code" json:"code"`
	Label string `yaml:"label" json:"label"`
}

type period struct {
	Stage  string `yaml:"stage"`
	Status string `yaml:"status"`
	Start  string `yaml:"start"`
	End    string `yaml:"end"`
}

// readSamples reads a file of samples. Unknown keys and names are errors: a slip of the pen would else be a sample that
// lacks something.
func readSamples(data []byte) (samples, error) {
	var s samples
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&s); err != nil {
		return samples{}, fmt.Errorf("samples: %v", err)
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return samples{}, errors.New("samples: more than one document")
	}
	var bad []error
	for _, it := range slices.Concat(s.Topics, s.Cascades, s.Prospects) {
		if _, ok := s.Programmes[it.Programme]; !ok && it.Programme != "" {
			bad = append(bad, fmt.Errorf("samples: %s: unknown programme %q", it.Identifier, it.Programme))
		}
		for _, d := range it.Divisions {
			if s.Divisions[d] == "" {
				bad = append(bad, fmt.Errorf("samples: %s: unknown division %q", it.Identifier, d))
			}
		}
		if statusCode(it.Status) == "" {
			bad = append(bad, fmt.Errorf("samples: %s: unknown status %q", it.Identifier, it.Status))
		}
	}
	return s, errors.Join(bad...)
}

// on gives the items as they stand on a day, counted from 0.
func on(items []item, day int) []item {
	var out []item
	for _, it := range items {
		if max(it.From, 1) > day+1 {
			continue
		}
		if day > 0 {
			c := it.Tomorrow
			if c.Absent {
				continue
			}
			if c.Status != "" {
				it.Status = c.Status
			}
			if c.Identifier != "" {
				it.Identifier = c.Identifier
			}
			if len(c.Deadlines) > 0 {
				it.Deadlines = c.Deadlines
			}
			if c.Budget != nil {
				it.Budget = c.Budget
			}
			if c.Text != "" {
				it.Text = c.Text
			}
			it.noBudget = c.NoBudget
		}
		out = append(out, it)
	}
	return out
}

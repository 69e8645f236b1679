package config

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"go.yaml.in/yaml/v3"

	"utkik/internal/call"
	"utkik/internal/subscription"
)

// recipientsFile is the shape of a file of recipients. doc/mail.md says what the keys mean.
type recipientsFile struct {
	Recipients []recipientEntry `mapstructure:"recipients" yaml:"recipients"`
}

type recipientEntry struct {
	ID          string        `mapstructure:"id" yaml:"id"`
	Address     string        `mapstructure:"address" yaml:"address"`
	Name        string        `mapstructure:"name" yaml:"name"`
	Department  string        `mapstructure:"department" yaml:"department,omitempty"`
	Language    string        `mapstructure:"language" yaml:"language"`
	Zone        string        `mapstructure:"zone" yaml:"zone"`
	Hour        *int          `mapstructure:"hour" yaml:"hour"`
	Rhythm      string        `mapstructure:"rhythm" yaml:"rhythm"`
	Weekday     string        `mapstructure:"weekday" yaml:"weekday,omitempty"`
	SignOfLife  *bool         `mapstructure:"sign_of_life" yaml:"sign_of_life"`
	PausedUntil string        `mapstructure:"paused_until" yaml:"paused_until,omitempty"`
	StandIn     string        `mapstructure:"stand_in" yaml:"stand_in,omitempty"`
	Follows     []followEntry `mapstructure:"follows" yaml:"follows"`
}

type followEntry struct {
	Name        string   `mapstructure:"name" yaml:"name,omitempty"`
	Departments []string `mapstructure:"departments" yaml:"departments,omitempty"`
	Priorities  []string `mapstructure:"priorities" yaml:"priorities,omitempty"`
	Programmes  []string `mapstructure:"programmes" yaml:"programmes,omitempty"`
	Kinds       []string `mapstructure:"kinds" yaml:"kinds,omitempty"`
	Search      string   `mapstructure:"search" yaml:"search,omitempty"`
}

// NewRecipient gives a recipient of whom only what is needed was said.
func NewRecipient(id string) subscription.Recipient {
	return subscription.Recipient{ID: id, Language: "sv", Zone: "Europe/Stockholm", Hour: 7, Rhythm: subscription.Daily, Lifesign: true}
}

// DecodeRecipients reads a file of recipients. Everything that is wrong is told at once, as [Problems]. name returns what
// a recipient of a department without a name of its own is called; known is what the recipients are checked against.
func DecodeRecipients(file string, data []byte, known subscription.Known, name func(department string) string) ([]subscription.Recipient, error) {
	values, places, problems := decodeFile(file, data, reflect.TypeFor[recipientsFile]())
	if values == nil && len(problems) > 0 {
		return nil, problems.Err()
	}
	var f recipientsFile
	if err := mapstructure.Decode(values, &f); err != nil {
		problems = append(problems, Problem{File: file, Text: err.Error()}) // unreachable: the values are typed as the fields
	}
	found := findings{places, problems}
	if len(f.Recipients) == 0 && len(problems) == 0 {
		found.add(Problem{File: file, Key: "recipients", Text: "the file holds no recipients"})
	}
	refused := func(key string) bool {
		for _, p := range problems {
			if p.Key == key || strings.HasPrefix(p.Key, key+".") || strings.HasPrefix(p.Key, key+"[") {
				return true
			}
		}
		return false
	}
	first := map[string]int{}
	out := make([]subscription.Recipient, len(f.Recipients))
	for i, e := range f.Recipients {
		key := fmt.Sprintf("recipients[%d]", i)
		out[i] = e.recipient(name)
		if before, twice := first[e.ID]; twice && e.ID != "" {
			found.at(key+".id", "%q stands twice; the first is recipients[%d]", e.ID, before)
		} else {
			first[e.ID] = i
		}
		for _, p := range out[i].Check(known) {
			if full := key + "." + p.Key; !refused(full) {
				found.at(full, "%s", p.Text)
			}
		}
	}
	if err := found.problems.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

func (e *recipientEntry) recipient(name func(string) string) subscription.Recipient {
	r := NewRecipient(e.ID)
	r.Address, r.Name, r.Department = e.Address, e.Name, e.Department
	for to, s := range map[*string]string{&r.Language: e.Language, &r.Zone: e.Zone, (*string)(&r.Rhythm): e.Rhythm} {
		if s != "" {
			*to = s
		}
	}
	r.Weekday = subscription.Weekday(e.Weekday)
	r.Hour, r.Lifesign = valueOr(e.Hour, r.Hour), valueOr(e.SignOfLife, r.Lifesign)
	r.Pause = subscription.Pause{Until: e.PausedUntil, StandIn: e.StandIn}
	for _, f := range e.Follows {
		s := subscription.Subscription{Name: f.Name, Departments: f.Departments, Priorities: f.Priorities, Programmes: f.Programmes, Search: f.Search}
		for _, k := range f.Kinds {
			s.Kinds = append(s.Kinds, call.Kind(k))
		}
		r.Follows = append(r.Follows, s)
	}
	if r.Department != "" {
		if r.Name == "" && name != nil {
			r.Name = name(r.Department)
		}
		if len(r.Follows) == 0 {
			r.Follows = []subscription.Subscription{{Departments: []string{r.Department}}}
		}
	}
	return r
}

// EncodeRecipients writes recipients as [DecodeRecipients] reads them.
func EncodeRecipients(rs []subscription.Recipient) ([]byte, error) {
	f := recipientsFile{Recipients: []recipientEntry{}}
	for _, r := range rs {
		e := recipientEntry{ID: r.ID, Address: r.Address, Name: r.Name, Department: r.Department, Language: r.Language, Zone: r.Zone, Hour: &r.Hour,
			Rhythm: string(r.Rhythm), Weekday: string(r.Weekday), SignOfLife: &r.Lifesign, PausedUntil: r.Pause.Until, StandIn: r.Pause.StandIn}
		for _, s := range r.Follows {
			var kinds []string
			for _, k := range s.Kinds {
				kinds = append(kinds, string(k))
			}
			e.Follows = append(e.Follows, followEntry{s.Name, s.Departments, s.Priorities, s.Programmes, kinds, s.Search})
		}
		f.Recipients = append(f.Recipients, e)
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("recipients: %v", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("recipients: %v", err)
	}
	return out.Bytes(), nil
}

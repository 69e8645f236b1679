package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are checked here, and must be known on a machine that has no list of them

	"github.com/go-viper/mapstructure/v2"

	"utkik/crawler/kind"
	"utkik/crawler/listing"
	"utkik/internal/call"
)

// sourceFile is the shape of sources/<id>.yaml. doc/sources.md and [kind.Source] say what the keys mean.
type sourceFile struct {
	ID       string            `mapstructure:"id"`
	Kind     string            `mapstructure:"kind"`
	Name     string            `mapstructure:"name"`
	NameEN   string            `mapstructure:"name_en"`
	Home     string            `mapstructure:"home"`
	Enabled  bool              `mapstructure:"enabled"`
	Language string            `mapstructure:"language"`
	Zone     string            `mapstructure:"zone"`
	Clock    string            `mapstructure:"clock"`
	Address  map[string]string `mapstructure:"address"`
	Allow    []string          `mapstructure:"allow"`
	Every    time.Duration     `mapstructure:"every"`
	Delay    time.Duration     `mapstructure:"delay"`
	MaxBytes int64             `mapstructure:"max_bytes"`
	Batch    int               `mapstructure:"batch"`
	Expect   struct {
		MinItems int           `mapstructure:"min_items"`
		MaxJump  float64       `mapstructure:"max_jump"`
		Fields   []kind.Share  `mapstructure:"fields"`
		MaxAge   time.Duration `mapstructure:"max_age"`
	} `mapstructure:"expect"`
	ItemKind  string     `mapstructure:"item_kind"`
	Programme string     `mapstructure:"programme"`
	Rules     kind.Rules `mapstructure:"rules"`
}

// Sources gives every source, enabled or not, by id: those that come with the program, those of the
// operator's folder in their place, and what the configuration alters in them.
func (c *Config) Sources() []kind.Source { return slices.Clone(c.sources) }

// DecodeSource reads sources/<id>.yaml. The file's name must be the id. The error is [Problems].
func DecodeSource(file string, data []byte) (kind.Source, error) {
	values, places, problems := decodeFile(file, data, reflect.TypeFor[sourceFile]())
	if values == nil && len(problems) > 0 {
		return kind.Source{}, problems.Err() // nothing was read: what is missing says nothing
	}
	f := sourceFile{Enabled: true}
	f.Expect.MaxJump = 0.25 // a real day of the portal moves a few per cent; its index incident nearly trebled it
	if err := mapstructure.Decode(values, &f); err != nil {
		problems = append(problems, Problem{File: file, Text: err.Error()}) // unreachable: the values are typed as the fields
	}
	s := sourceChecker{findings{places, problems}, file, values}
	s.check(f)
	if err := s.problems.Err(); err != nil {
		return kind.Source{}, err
	}
	return kind.Source{
		ID: f.ID, Kind: f.Kind, Name: f.Name, NameEN: cmp.Or(f.NameEN, f.Name), Home: f.Home, Enabled: f.Enabled,
		Language: f.Language, Zone: f.Zone, Clock: f.Clock, Address: f.Address, Allow: f.Allow,
		Every: f.Every, Delay: f.Delay, MaxBytes: f.MaxBytes, Batch: f.Batch,
		Expect:   kind.Expect{MinItems: f.Expect.MinItems, MaxJump: f.Expect.MaxJump, Fields: f.Expect.Fields, MaxAge: f.Expect.MaxAge},
		ItemKind: call.Kind(f.ItemKind), Programme: f.Programme, Rules: f.Rules,
	}, nil
}

const yamlSuffix = ".yaml"

var (
	sourceID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	kindName = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	language = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	clock    = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$`)
)

// sourceChecker finds what is wrong with one source's file.
type sourceChecker struct {
	findings
	file   string
	values map[string]any // those that could be read
}

func (s *sourceChecker) check(f sourceFile) {
	for _, key := range []string{"id", "kind", "name", "home", "zone", "address", "every", "delay"} {
		s.needs(key)
	}
	base := strings.TrimSuffix(path.Base(filepath.ToSlash(s.file)), yamlSuffix)
	s.want("id", f.ID == "" || f.ID == base, "%q is not the name of the file; one of them must change", f.ID)
	s.matches("id", f.ID, sourceID, "small letters and digits, with - between words")
	s.matches("kind", f.Kind, kindName, "the name of a package in crawler/")
	s.matches("language", f.Language, language, "a language code such as en or sv")
	s.matches("clock", f.Clock, clock, "a time of day such as 17:00")
	if f.Home != "" {
		s.problem("home", addressProblem(f.Home))
	}
	for name, address := range f.Address {
		s.problem("address."+name, addressProblem(address))
	}
	for i, host := range f.Allow {
		s.want(fmt.Sprintf("allow[%d]", i), hostName.MatchString(host), "want a host name without scheme and path, got %q", host)
	}
	if f.Zone != "" {
		_, err := time.LoadLocation(f.Zone)
		s.want("zone", err == nil && f.Zone != "Local", "unknown zone %q; want a name such as Europe/Brussels", f.Zone)
	}
	if _, read := s.values["every"]; read {
		s.want("every", f.Every > 0, "want more than 0s")
	}
	s.want("delay", f.Delay >= 0, "want 0s or more")
	s.want("max_bytes", f.MaxBytes >= 0, "want 0 or more, got %d", f.MaxBytes)
	s.want("batch", f.Batch >= 0, "want 0 or more, got %d", f.Batch)
	s.want("expect.min_items", f.Expect.MinItems >= 0, "want 0 or more, got %d", f.Expect.MinItems)
	s.want("expect.max_jump", f.Expect.MaxJump > 0 && f.Expect.MaxJump <= 1, "want a share above 0 and up to 1, got %v", f.Expect.MaxJump)
	s.want("expect.max_age", f.Expect.MaxAge >= 0, "want 0s or more")
	for i, share := range f.Expect.Fields {
		at := fmt.Sprintf("expect.fields[%d]", i)
		s.want(at+".field", slices.Contains(kind.FieldNames(), share.Field), "unknown field %q%s", share.Field, hint(share.Field, kind.FieldNames(), "known"))
		s.want(at+".least", share.Least > 0 && share.Least <= 1, "want a share above 0 and up to 1, got %v", share.Least)
	}
	if f.ItemKind != "" {
		err := call.Kind(f.ItemKind).Validate()
		s.want("item_kind", err == nil, "%v", err)
	}
	s.checkRules(f)
}

// checkRules tells each selector, path and pattern that cannot be compiled, and what the kind needs and lacks.
func (s *sourceChecker) checkRules(f sourceFile) {
	if slices.ContainsFunc(s.problems, func(p Problem) bool { return p.Key == "rules" || strings.HasPrefix(p.Key, "rules.") }) {
		return // what could not be read is missing from the rules, and would be missed twice
	}
	for _, m := range listing.Check(f.Kind, f.Rules) {
		// A key that is not written is told where its section begins.
		key := "rules." + m.Key
		at, written := s.places[key]
		for section := key; !written && section != "rules"; {
			section = section[:strings.LastIndex(section, ".")]
			at, written = s.places[section]
		}
		if !written {
			at = place{file: s.file}
		}
		s.add(Problem{File: at.file, Line: at.line, Key: key, Text: m.Text})
	}
}

// needs notes a key that is missing or empty, unless its value was refused already.
func (s *sourceChecker) needs(key string) {
	refused := func(p Problem) bool { return p.Key == key || strings.HasPrefix(p.Key, key+".") }
	switch value := s.values[key].(type) {
	case nil:
	case string:
		if value != "" {
			return
		}
	case map[string]any:
		if len(value) > 0 {
			return
		}
	default:
		return
	}
	switch at, written := s.places[key]; {
	case slices.ContainsFunc(s.problems, refused):
	case written:
		s.add(at.problem("has no value"))
	default:
		s.add(Problem{File: s.file, Key: key, Text: "missing"})
	}
}

func (s *sourceChecker) matches(key, got string, form *regexp.Regexp, want string) {
	if got != "" && !form.MatchString(got) {
		s.at(key, "want %s, got %q", want, got)
	}
}

// dataFile is one YAML file that comes with the program or stands in the operator's folder.
type dataFile struct {
	id   string
	name string // as problems name it
	read func() ([]byte, error)
}

// dataFiles gives the files of one folder, sources or plans, by id. A file of the operator's folder stands
// for the one of that name that comes with the program.
func dataFiles(folder, operator string) ([]dataFile, error) {
	found := map[string]dataFile{}
	add := func(files fs.FS, shown string) error {
		names, err := fs.Glob(files, folder+"/*"+yamlSuffix)
		if err != nil {
			return err
		}
		for _, name := range names {
			id := strings.TrimSuffix(path.Base(name), yamlSuffix)
			found[id] = dataFile{id, filepath.Join(shown, filepath.FromSlash(name)), func() ([]byte, error) { return fs.ReadFile(files, name) }}
		}
		return nil
	}
	if err := add(embedded, "config"); err != nil {
		return nil, err
	}
	if operator != "" {
		if err := add(os.DirFS(operator), operator); err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b dataFile) int { return strings.Compare(a.id, b.id) }), nil
}

// readSources reads every source, by id, as its file has it. It also gives the ids of the files that were
// refused.
func (l *loader) readSources(operator string) (out []kind.Source, broken []string) {
	files, err := dataFiles("sources", operator)
	if err != nil {
		l.at("files.dir", "%v", err)
	}
	for _, f := range files {
		data, err := f.read()
		if err != nil {
			l.add(Problem{File: f.name, Text: unreadable(err)})
			broken = append(broken, f.id)
			continue
		}
		s, err := DecodeSource(f.name, data)
		var problems Problems
		if errors.As(err, &problems) {
			l.add(problems...)
			broken = append(broken, f.id)
			continue
		}
		out = append(out, s)
	}
	return out, broken
}

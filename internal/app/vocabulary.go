package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"utkik/config"
	"utkik/internal/plan"
	"utkik/internal/vocabulary"
)

// vocabularyFile is where an imported table of concepts stands in the data folder. It is text that a person can read,
// and replaced as a whole. Without it nothing is lent.
const vocabularyFile = "vocabulary.tsv"

// Vocabulary reads the imported table of concepts; it is empty where none was imported.
func Vocabulary(cfg *config.Config) (vocabulary.Table, error) {
	path := filepath.Join(cfg.Data, vocabularyFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("vocabulary: %v", err)
	}
	defer f.Close()
	t, _, err := vocabulary.Read(path, f)
	if err != nil {
		return nil, fmt.Errorf("vocabulary: %v\nmend the file, or remove it with `utkik vocabulary remove` and import it anew", err)
	}
	return t, nil
}

// Weighed gives p as calls are weighed against it: with what the imported table of concepts lends it.
func Weighed(cfg *config.Config, p *plan.Plan) (*plan.Plan, error) {
	t, err := Vocabulary(cfg)
	if err != nil {
		return nil, err
	}
	return vocabulary.Extend(p, t), nil
}

// VocabularyImport says what an import did.
type VocabularyImport struct {
	Read    int `json:"read"`    // concepts in the file
	Joined  int `json:"joined"`  // rows of it that were broken over several lines
	Added   int `json:"added"`   // new ones
	Changed int `json:"changed"` // ones with other labels than before
	Total   int `json:"total"`   // concepts that are there now
}

// ImportVocabulary takes in a table of concepts beside what was imported before; of a concept that both have, the new
// row stands. All or nothing: with a bad row the old table stays as it is. Whoever imports in two processes at once
// keeps the table of the one that ends last.
func ImportVocabulary(cfg *config.Config, name string, r io.Reader) (VocabularyImport, error) {
	table, joined, err := vocabulary.Read(name, r)
	if err != nil {
		return VocabularyImport{}, err
	}
	old, err := Vocabulary(cfg)
	if err != nil {
		return VocabularyImport{}, err
	}
	merged, added, changed := old.Merge(table)
	if added+changed > 0 {
		if err := saveVocabulary(cfg, merged); err != nil {
			return VocabularyImport{}, err
		}
	}
	return VocabularyImport{Read: len(table), Joined: joined, Added: added, Changed: changed, Total: len(merged)}, nil
}

// RemoveVocabulary removes the concepts of a source, or all of them when it is empty, and tells how many are left. A
// table that cannot be read can be removed as a whole only.
func RemoveVocabulary(cfg *config.Config, source string) (left int, err error) {
	if source == "" {
		err := os.Remove(filepath.Join(cfg.Data, vocabularyFile))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("vocabulary: %v", err)
		}
		return 0, nil
	}
	t, err := Vocabulary(cfg)
	if err != nil {
		return 0, err
	}
	if !slices.ContainsFunc(t.Sources(), func(c vocabulary.Count) bool { return c.Source == source }) {
		return 0, &UnknownError{What: "source of concepts", Names: []string{fmt.Sprintf("%q", source)}, See: "utkik vocabulary show"}
	}
	t = t.Without(source)
	if len(t) == 0 {
		return RemoveVocabulary(cfg, "")
	}
	return len(t), saveVocabulary(cfg, t)
}

// saveVocabulary writes t beside the old table and puts it in its place: whoever reads sees the one or the other.
func saveVocabulary(cfg *config.Config, t vocabulary.Table) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("vocabulary: %v; nothing was changed", err)
		}
	}()
	if err := os.MkdirAll(cfg.Data, 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(cfg.Data, vocabularyFile+".*.part")
	if err != nil {
		return err
	}
	if err := errors.Join(t.Write(f), f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), filepath.Join(cfg.Data, vocabularyFile)); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Lent gives the imported table, and what it lends p.
func Lent(cfg *config.Config, p *plan.Plan) (vocabulary.Table, []vocabulary.Lent, error) {
	t, err := Vocabulary(cfg)
	if err != nil {
		return nil, nil, err
	}
	return t, vocabulary.Lend(p, t), nil
}

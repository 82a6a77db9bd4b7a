"""The words apps are declared in: frozen, without I/O. An app imports everything it needs from here."""

from outcode.appkit.app import Action, App, OutputField, Outputs
from outcode.appkit.base import Words
from outcode.appkit.calls import Paging, Query, ReadSheet, Request, Script, TableTask, WriteFile
from outcode.appkit.connections import DatabaseCredential, FileConnection, HttpCredential
from outcode.appkit.fields import (
    CodeField,
    Field,
    FileField,
    JsonField,
    ListField,
    LongTextField,
    MapField,
    NumberField,
    Option,
    RowsField,
    SelectField,
    SwitchField,
    TextField,
)
from outcode.appkit.template import Input

__all__ = [
    "Action",
    "App",
    "CodeField",
    "DatabaseCredential",
    "Field",
    "FileConnection",
    "FileField",
    "HttpCredential",
    "Input",
    "JsonField",
    "ListField",
    "LongTextField",
    "MapField",
    "NumberField",
    "Option",
    "OutputField",
    "Outputs",
    "Paging",
    "Query",
    "ReadSheet",
    "Request",
    "RowsField",
    "Script",
    "SelectField",
    "SwitchField",
    "TableTask",
    "TextField",
    "Words",
    "WriteFile",
]

<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>scalewright::ui::AnswerView</name>
    <message numerus="yes">
        <source>%n token(s) so far</source>
        <translation><numerusform>%n token so far</numerusform><numerusform>%n tokens so far</numerusform></translation>
    </message>
</context>
</TS>
